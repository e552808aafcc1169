// An alert on the events of one topic that Event Grid gave up on. The app never receives them, so it logs no line.

param topicId string

@description('The resource id of the action group that is notified; empty for none.')
param actionGroupId string

var topic = last(split(topicId, '/'))

resource alert 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'ferry-dead-letters-${topic}-${uniqueString(topicId)}'
  location: 'global'
  properties: {
    description: 'See infra/RUNBOOK.md#dead-letters'
    severity: 1
    enabled: true
    scopes: [topicId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead-lettered'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DeadLetteredCount'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    // The alert is about an event, so it does not resolve on its own.
    autoMitigate: false
    actions: empty(actionGroupId) ? [] : [{ actionGroupId: actionGroupId }]
  }
}

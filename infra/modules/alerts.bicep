// Alerts on the app's log lines. Each query returns one row for each reason to alert; RUNBOOK.md describes what to do.

param workspaceId string
param location string
param tags object

@description('The resource id of the action group that is notified; empty for none.')
param actionGroupId string

// An alert about a state resolves when the state is over. An alert about an event does not resolve: a person must read
// it. It notifies at most once an hour while events continue.
var rules = [
  {
    name: 'failed-copies'
    title: 'Ferry: copies have failed'
    query: loadTextContent('../queries/alerts/failed-copies.kql')
    severity: 2
    frequency: 'PT5M'
    window: 'PT15M'
    isState: false
  }
  {
    name: 'stuck-copies'
    title: 'Ferry: copies do not make progress'
    query: loadTextContent('../queries/alerts/stuck-copies.kql')
    severity: 1
    frequency: 'PT30M'
    window: 'P1D'
    isState: true
  }
  {
    name: 'dead-letters'
    title: 'Ferry: the app gave up on events'
    query: loadTextContent('../queries/alerts/dead-letters.kql')
    severity: 1
    frequency: 'PT5M'
    window: 'PT15M'
    isState: false
  }
  {
    name: 'throttling'
    title: 'Ferry: Storage throttles requests'
    query: loadTextContent('../queries/alerts/throttling.kql')
    severity: 3
    frequency: 'PT5M'
    window: 'PT15M'
    isState: true
  }
  {
    name: 'outbox-stuck'
    title: 'Ferry: notifications are not delivered'
    query: loadTextContent('../queries/alerts/outbox-stuck.kql')
    severity: 2
    frequency: 'PT15M'
    window: 'PT30M'
    isState: true
  }
  {
    name: 'watchdog-silent'
    title: 'Ferry: the watchdog does not run'
    query: loadTextContent('../queries/alerts/watchdog-silent.kql')
    severity: 1
    frequency: 'PT15M'
    window: 'PT30M'
    isState: true
  }
]

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: 'ferry-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: 'See infra/RUNBOOK.md#${rule.name}'
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: rule.frequency
      windowSize: rule.window
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: rule.isState
      muteActionsDuration: rule.isState ? null : 'PT1H'
      // Before the first line arrives, the workspace has no table.
      skipQueryValidation: true
      actions: { actionGroups: empty(actionGroupId) ? [] : [actionGroupId] }
    }
  }
]

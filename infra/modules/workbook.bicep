// The workbook "Ferry": the queries in ../queries, over a time range.

param workspaceId string
param location string
param tags object

var charts = [
  {
    name: 'outcomes-by-hour'
    title: 'Copies that ended, by outcome'
    query: loadTextContent('../queries/outcomes-by-hour.kql')
    visualization: 'barchart'
  }
  {
    name: 'running-copies'
    title: 'Copies that have not ended'
    query: loadTextContent('../queries/running-copies.kql')
    visualization: 'table'
  }
  {
    name: 'stuck-copies'
    title: 'Copies for which the watchdog intervened'
    query: loadTextContent('../queries/stuck-copies.kql')
    visualization: 'table'
  }
  {
    name: 'throughput-by-pair'
    title: 'Slow copies and throughput, by pair of accounts'
    query: loadTextContent('../queries/throughput-by-pair.kql')
    visualization: 'table'
  }
  {
    name: 'lag-by-route'
    title: 'Lag after Storage\'s completion time, by route'
    query: loadTextContent('../queries/lag-by-route.kql')
    visualization: 'table'
  }
  {
    name: 'operations-per-copy'
    title: 'Operations and cost, by copy'
    query: loadTextContent('../queries/operations-per-copy.kql')
    visualization: 'table'
  }
  {
    name: 'outbox-age'
    title: 'Notifications that wait, and runs of the watchdog'
    query: loadTextContent('../queries/outbox-age.kql')
    visualization: 'timechart'
  }
]

var timeRange = {
  type: 9
  name: 'time range'
  content: {
    version: 'KqlParameterItem/1.0'
    style: 'pills'
    parameters: [
      {
        id: guid('ferry', 'TimeRange')
        version: 'KqlParameterItem/1.0'
        name: 'TimeRange'
        label: 'Time range'
        type: 4
        isRequired: true
        value: { durationMs: 86400000 }
        typeSettings: {
          selectableValues: [
            { durationMs: 3600000 }
            { durationMs: 86400000 }
            { durationMs: 604800000 }
            { durationMs: 2592000000 }
          ]
        }
      }
    ]
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'ferry')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Ferry'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: string({
      version: 'Notebook/1.0'
      items: concat(
        [timeRange],
        map(charts, chart => {
          type: 3
          name: chart.name
          content: {
            version: 'KqlItem/1.0'
            title: chart.title
            query: chart.query
            size: 0
            timeContextFromParameter: 'TimeRange'
            queryType: 0
            resourceType: 'microsoft.operationalinsights/workspaces'
            crossComponentResources: [workspaceId]
            visualization: chart.visualization
          }
        })
      )
      fallbackResourceIds: [workspaceId]
      '$schema': 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json'
    })
  }
}

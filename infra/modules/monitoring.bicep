// Application Insights, with Entra authentication only, the alerts and the workbook.

import { roles } from '../roles.bicep'

param name string
param location string
param tags object
param principalId string
param identityId string

@description('The maximum number of gigabytes that the workspace accepts per day; -1 for no limit.')
param dailyQuotaGb int

@description('The resource id of the action group that alerts notify; empty for none.')
param actionGroupId string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' = {
  name: 'log-${name}'
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: 30
    features: { disableLocalAuth: true }
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
  }
}

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: 'appi-${name}'
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    DisableLocalAuth: true
    WorkspaceResourceId: workspace.id
  }
}

resource publisher 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, identityId, 'Monitoring Metrics Publisher')
  scope: component
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Monitoring Metrics Publisher']
    )
    description: 'Ferry: Monitoring Metrics Publisher, to send logs and traces'
  }
}

module alerts 'alerts.bicep' = {
  params: { workspaceId: workspace.id, location: location, tags: tags, actionGroupId: actionGroupId }
}

module workbook 'workbook.bicep' = {
  params: { workspaceId: workspace.id, location: location, tags: tags }
}

output connectionString string = component.properties.ConnectionString
output componentId string = component.id

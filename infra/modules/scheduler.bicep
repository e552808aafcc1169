// Durable Task Scheduler instead of Azure Storage as the task hub. The package must have the matching host.json.

import { roles } from '../roles.bicep'

param name string
param location string
param tags object
param taskHub string
param principalId string
param identityId string
param clientId string

@description('Address ranges that may call the scheduler. Callers must authenticate in any case.')
param ipAllowlist string[]

param isPrivate bool

resource scheduler 'Microsoft.DurableTask/schedulers@2026-02-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    ipAllowlist: ipAllowlist
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    sku: { name: 'Consumption' }
  }
}

resource hub 'Microsoft.DurableTask/schedulers/taskHubs@2026-02-01' = {
  parent: scheduler
  name: taskHub
  properties: {}
}

resource worker 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(hub.id, identityId, 'Durable Task Data Contributor')
  scope: hub
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Durable Task Data Contributor']
    )
    description: 'Ferry: Durable Task Data Contributor, to run its orchestrations'
  }
}

output id string = scheduler.id
output connectionString string = 'Endpoint=${scheduler.properties.endpoint};Authentication=ManagedIdentity;ClientID=${clientId}'

// The app's own storage account: the host's state, the task hub, the ledger, the package and dead letters. No keys.

import { roles } from '../roles.bicep'

param name string
param location string
param tags object
param principalId string
param identityId string

@description('Whether only private endpoints can reach the account.')
param isPrivate bool

@description('Whether Durable Functions keeps its task hub here.')
param holdsTaskHub bool

@description('A queue for the events of Storage; empty for none.')
param eventQueue string

var packageContainer = 'app-package'
var deadLetterContainer = 'dead-letters'

var grants = concat(
  [
    { role: 'Storage Blob Data Owner', why: 'keep the state of the host and the ledger' }
    { role: 'Storage Table Data Contributor', why: 'keep the task hub and the diagnostic events of the host' }
  ],
  holdsTaskHub ? [{ role: 'Storage Queue Data Contributor', why: 'keep the task hub' }] : [],
  !holdsTaskHub && !empty(eventQueue)
    ? [{ role: 'Storage Queue Data Contributor', why: 'read events from its queue' }]
    : []
)

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: {
      // Event Grid writes dead letters as a trusted service.
      bypass: 'AzureServices'
      defaultAction: isPrivate ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {}
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for container in [packageContainer, deadLetterContainer]: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = if (!empty(eventQueue)) {
  parent: account
  name: 'default'
  properties: {}
}

// The host moves a message to the second queue after five failed tries.
resource eventQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for name in empty(eventQueue) ? [] : [eventQueue, '${eventQueue}-poison']: {
    parent: queues
    name: name
  }
]

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in grants: {
    name: guid(account.id, identityId, grant.role)
    scope: account
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
      description: 'Ferry: ${grant.role}, to ${grant.why}'
    }
  }
]

output id string = account.id
output name string = account.name
output endpoints { blob: string, queue: string, table: string } = {
  blob: account.properties.primaryEndpoints.blob
  queue: account.properties.primaryEndpoints.queue
  table: account.properties.primaryEndpoints.table
}
output packageUrl string = '${account.properties.primaryEndpoints.blob}${packageContainer}'
output deadLetterContainer string = deadLetterContainer

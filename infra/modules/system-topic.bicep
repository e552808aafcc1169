// The system topic of a storage account.

param name string

@description('The location of the account.')
param location string

@description('The resource id of the account.')
param sourceId string

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  identity: { type: 'SystemAssigned' }
  properties: { source: sourceId, topicType: 'Microsoft.Storage.StorageAccounts' }
}

output principalId string = topic.identity.principalId!

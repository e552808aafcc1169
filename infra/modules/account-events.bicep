// The topic and the subscriptions of one storage account, in its resource group.

param account string
param containers string[]
@description('The resource id of the function that receives the events.')
param functionId string
param stateAccountId string
param deadLetterContainer string

@description('The queue of the app\'s own account that receives the events; empty for the function.')
param eventQueue string

@description('The resource id of the action group that alerts notify; empty for none.')
param actionGroupId string

@description('The account\'s topic, if there is one.')
param existingTopic { account: string, name: string, resourceGroup: string }?

var topicName = existingTopic.?name ?? 'evgst-${account}'
var topicGroup = existingTopic.?resourceGroup ?? resourceGroup().name

resource source 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: account
}

module topic 'system-topic.bicep' = if (existingTopic == null) {
  params: { name: topicName, location: source.location, sourceId: source.id }
}

resource known 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = if (existingTopic != null) {
  scope: resourceGroup(topicGroup)
  name: topicName
}

module deadLetters 'dead-letter-role.bicep' = {
  scope: resourceGroup(split(stateAccountId, '/')[2], split(stateAccountId, '/')[4])
  params: {
    account: last(split(stateAccountId, '/'))
    container: deadLetterContainer
    principalId: existingTopic == null ? topic!.outputs.principalId : known!.identity.principalId!
    topicId: resourceId(topicGroup, 'Microsoft.EventGrid/systemTopics', topicName)
  }
}

module sender 'queue-sender-role.bicep' = if (!empty(eventQueue)) {
  scope: resourceGroup(split(stateAccountId, '/')[2], split(stateAccountId, '/')[4])
  params: {
    account: last(split(stateAccountId, '/'))
    queue: eventQueue
    principalId: existingTopic == null ? topic!.outputs.principalId : known!.identity.principalId!
    topicId: resourceId(topicGroup, 'Microsoft.EventGrid/systemTopics', topicName)
  }
}

module subscriptions 'event-subscriptions.bicep' = {
  scope: resourceGroup(topicGroup)
  dependsOn: [deadLetters, sender, topic]
  params: {
    topic: topicName
    containers: containers
    functionId: functionId
    stateAccountId: stateAccountId
    deadLetterContainer: deadLetterContainer
    eventQueue: eventQueue
  }
}

module deadLetterAlert 'dead-letter-alert.bicep' = {
  scope: resourceGroup(split(stateAccountId, '/')[2], split(stateAccountId, '/')[4])
  dependsOn: [topic]
  params: {
    topicId: resourceId(topicGroup, 'Microsoft.EventGrid/systemTopics', topicName)
    actionGroupId: actionGroupId
  }
}

// The subscriptions of one topic: one for each container.

param topic string
param containers string[]
@description('The resource id of the function that receives the events.')
param functionId string
param stateAccountId string
param deadLetterContainer string

@description('The queue of the state account that receives the events; empty for the function.')
param eventQueue string

resource systemTopic 'Microsoft.EventGrid/systemTopics@2025-02-15' existing = {
  name: topic
}

// Event Grid changes the subscriptions of a topic one after the other.
@batchSize(1)
resource subscriptions 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = [
  for container in containers: {
    parent: systemTopic
    name: 'ferry-${container}'
    properties: {
      destination: empty(eventQueue)
        ? { endpointType: 'AzureFunction', properties: { resourceId: functionId, maxEventsPerBatch: 1 } }
        : null
      // With the topic's identity, because the account accepts no keys.
      deliveryWithResourceIdentity: empty(eventQueue)
        ? null
        : {
            identity: { type: 'SystemAssigned' }
            destination: {
              endpointType: 'StorageQueue'
              properties: { resourceId: stateAccountId, queueName: eventQueue, queueMessageTimeToLiveInSeconds: 604800 }
            }
          }
      eventDeliverySchema: 'CloudEventSchemaV1_0'
      filter: {
        includedEventTypes: ['Microsoft.Storage.BlobCreated']
        subjectBeginsWith: '/blobServices/default/containers/${container}/blobs/'
        isSubjectCaseSensitive: true
      }
      // The events of a day's outage still arrive.
      retryPolicy: { maxDeliveryAttempts: 30, eventTimeToLiveInMinutes: 1440 }
      deadLetterWithResourceIdentity: {
        identity: { type: 'SystemAssigned' }
        deadLetterDestination: {
          endpointType: 'StorageBlob'
          properties: { resourceId: stateAccountId, blobContainerName: deadLetterContainer }
        }
      }
    }
  }
]

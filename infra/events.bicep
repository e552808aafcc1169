// The event subscriptions. Deployed after the code, because Event Grid checks that the function exists. A route's source
// emits an event for each new blob; a destination emits one when a copy ends, which wakes the copy.

targetScope = 'subscription'

import { Copy, Route, watchedContainer } from 'ends.bicep'

param copies Copy[] = []
param routes Route[] = []

@description('The resource id of the function app.')
param appId string

@description('The resource id of the account that holds the app\'s own state, and its container for dead letters.')
param stateAccountId string
param deadLetterContainer string

@description('The system topics that already exist, because an account can have only one. Each needs a system-assigned identity.')
param existingTopics ExistingTopic[] = []

@description('The queue of the app\'s own account to which events are delivered, instead of to the function; empty for the function.')
param eventQueue string = ''

@description('The resource id of the action group that alerts notify; empty for none.')
param actionGroupId string = ''

type ExistingTopic = {
  @description('The storage account.')
  account: string
  @description('The name and the resource group of its topic.')
  name: string
  resourceGroup: string
}

var ownSubscription = subscription().subscriptionId
var watched = union(
  map(
    concat(
      map(routes, route => route.source),
      map(filter(routes, route => route.destination.service == 'blob'), route => route.destination),
      map(filter(copies, copy => copy.to.service == 'blob'), copy => copy.to)
    ),
    end => watchedContainer(end, ownSubscription)
  ),
  []
)
var accounts = union(
  map(watched, end => { subscription: end.subscription, resourceGroup: end.resourceGroup, account: end.account }),
  []
)

module events 'modules/account-events.bicep' = [
  for place in accounts: {
    scope: resourceGroup(place.subscription, place.resourceGroup)
    params: {
      account: place.account
      containers: map(filter(watched, end => end.account == place.account), end => end.container)
      existingTopic: first(filter(existingTopics, topic => topic.account == place.account))
      functionId: '${appId}/functions/storageEvents'
      stateAccountId: stateAccountId
      deadLetterContainer: deadLetterContainer
      eventQueue: eventQueue
      actionGroupId: actionGroupId
    }
  }
]

using '../events.bicep'

param appId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-ferry-routes/providers/Microsoft.Web/sites/func-ferry'
param stateAccountId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-ferry-routes/providers/Microsoft.Storage/storageAccounts/stferry'
param deadLetterContainer = 'dead-letters'
param existingTopics = [{ account: 'acct1', name: 'acct1-events', resourceGroup: 'rg-events' }]
param actionGroupId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-operations/providers/Microsoft.Insights/actionGroups/operators'
param copies = [
  {
    from: { service: 'file', resourceGroup: 'rg-media', account: 'acct1', share: 'projects' }
    to: { service: 'blob', resourceGroup: 'rg-archive', account: 'acct2', container: 'archive' }
  }
]
param routes = [
  {
    name: 'films'
    source: { service: 'blob', resourceGroup: 'rg-media', account: 'acct1', container: 'inbox' }
    destination: { service: 'blob', resourceGroup: 'rg-archive', account: 'acct2', container: 'films' }
  }
]

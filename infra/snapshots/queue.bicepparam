using '../events.bicep'

param appId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-ferry-routes/providers/Microsoft.Web/sites/func-ferry'
param stateAccountId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-ferry-routes/providers/Microsoft.Storage/storageAccounts/stferry'
param deadLetterContainer = 'dead-letters'
param eventQueue = 'copy-events'
param copies = [
  {
    from: { service: 'blob', resourceGroup: 'rg-media', account: 'acct1', container: 'inbox' }
    to: { service: 'blob', resourceGroup: 'rg-archive', account: 'acct2', container: 'archive' }
  }
]

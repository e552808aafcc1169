using '../main.bicep'

param environmentName = 'ferry-smallest'
param location = 'westeurope'
param copies = [
  {
    from: { service: 'blob', resourceGroup: 'rg-media', account: 'acct1', container: 'inbox' }
    to: { service: 'blob', resourceGroup: 'rg-media', account: 'acct2', container: 'archive' }
  }
]

using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.DurableTask;
using Microsoft.Azure.WebJobs.Host.Config;
using Microsoft.Extensions.Configuration;

namespace Ferry.DurableHost;

/// <summary>Sends the durable client binding to the bridge, as the extension writes it for another language.</summary>
public static class ClientBinding
{
    [NoAutomaticTrigger]
    public static Task Send([DurableClient] string client) => Bridge.Current.SendBinding(client);
}

/// <summary>The classes whose methods are functions.</summary>
internal sealed class FunctionTypes(params Type[] types) : ITypeLocator
{
    public IReadOnlyList<Type> GetTypes() => types;
}

/// <summary>The address that the extension writes into its management URLs.</summary>
internal sealed class WebHookAddress(Uri address) : IWebHookProvider
{
    public Uri GetUrl(IExtensionConfigProvider extension) => address;
}

/// <summary>
/// The app's host.json. A WebJobs host reads the settings of an extension below "AzureWebJobs", so "extensions" is
/// moved there; the rest of the file is for the Functions host.
/// </summary>
internal sealed class HostJson(string path) : IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder)
    {
        var file = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(path)).Build();
        var values = file.AsEnumerable()
            .Where(pair => pair.Key.StartsWith("extensions:", StringComparison.OrdinalIgnoreCase) && pair.Value is not null)
            .Select(pair => KeyValuePair.Create($"AzureWebJobs:{pair.Key}", pair.Value));
        return new ConfigurationBuilder().AddInMemoryCollection(values).Sources[0].Build(builder);
    }
}

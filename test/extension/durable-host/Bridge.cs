using System.Net.Http.Json;
using System.Text;
using Microsoft.Azure.WebJobs.Script.Workers;
using Microsoft.Azure.WebJobs.Script.Workers.Rpc;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Ferry.DurableHost;

/// <summary>The names of the app's functions, by kind.</summary>
public sealed record FunctionNames(string[] Orchestrators, string[] Activities);

/// <summary>Calls the process that hosts the app.</summary>
public sealed class Bridge
{
    private static Bridge? current;
    private readonly HttpClient http;

    public Bridge(Uri address)
    {
        // No time limit: the extension waits for a function as long as the function runs.
        http = new HttpClient { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        current = this;
    }

    /// <summary>The one bridge of this process; functions are static and cannot get it as an argument.</summary>
    public static Bridge Current => current ?? throw new InvalidOperationException("There is no bridge yet");

    public async Task<FunctionNames> FunctionNames() =>
        await http.GetFromJsonAsync<FunctionNames>("functions")
        ?? throw new InvalidOperationException("The bridge returned no functions");

    public async Task SendBinding(string client)
    {
        using var response = await http.PostAsync("binding", Json(client));
        response.EnsureSuccessStatusCode();
    }

    /// <summary>
    /// Runs one function of the app. Returns what the Node worker would return to the Functions host, and throws
    /// what the Functions host would throw.
    /// </summary>
    public async Task<object?> Invoke(string path, string input)
    {
        string body;
        bool isSuccess;
        try
        {
            using var response = await http.PostAsync(path, Json(input));
            body = await response.Content.ReadAsStringAsync();
            isSuccess = response.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw new WorkerProcessExitException("node exited with code 137 (0x89)", error);
        }
        if (isSuccess) return body.Length == 0 ? null : Parse(body);
        var failure = (JObject)Parse(body)!;
        throw new RpcException((string)failure["message"]!, (string)failure["stack"]!);
    }

    // Texts that look like dates stay texts, as in the Functions host.
    private static JToken? Parse(string json) =>
        JsonConvert.DeserializeObject<JToken>(json, new JsonSerializerSettings { DateParseHandling = DateParseHandling.None });

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");
}

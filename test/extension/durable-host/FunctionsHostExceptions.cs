// The extension recognizes the exceptions of the Functions host by their full names, because it does not reference
// the host's assemblies.

namespace Microsoft.Azure.WebJobs.Script.Workers
{
    /// <summary>The Node worker ended while a function ran.</summary>
    public sealed class WorkerProcessExitException(string message, Exception inner) : Exception(message, inner);
}

namespace Microsoft.Azure.WebJobs.Script.Workers.Rpc
{
    /// <summary>A function threw. The extension reads the two properties by reflection.</summary>
    public sealed class RpcException(string message, string stack)
        : Exception($"Result: Failure\nException: {message}\nStack: {stack}")
    {
        public string RemoteMessage { get; } = message;
        public string RemoteStackTrace { get; } = stack;
    }
}

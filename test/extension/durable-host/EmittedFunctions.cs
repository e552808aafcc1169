using System.Reflection;
using System.Reflection.Emit;
using Microsoft.Azure.WebJobs;
using Microsoft.Azure.WebJobs.Extensions.DurableTask;

namespace Ferry.DurableHost;

/// <summary>
/// Emits a class with one static method for each orchestrator and each activity of the app:
/// <code>
/// [FunctionName("copy")] Task&lt;object?&gt; copy([OrchestrationTrigger] string input)
/// [FunctionName("read")] Task&lt;object?&gt; read([ActivityTrigger] string input, string instanceId)
/// </code>
/// Because the trigger is a string, the extension treats the method as a function in another language. `instanceId` is bound from
/// the trigger's data.
/// </summary>
public static class EmittedFunctions
{
    public static Type Create(FunctionNames names)
    {
        var assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("EmittedFunctions"), AssemblyBuilderAccess.Run);
        var type = assembly.DefineDynamicModule("EmittedFunctions").DefineType(
            "Functions", TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed);
        foreach (var name in names.Orchestrators)
            Emit(type, name, typeof(OrchestrationTriggerAttribute), nameof(Calls.Orchestrator), "input");
        foreach (var name in names.Activities)
            Emit(type, name, typeof(ActivityTriggerAttribute), nameof(Calls.Activity), "input", "instanceId");
        return type.CreateType();
    }

    /// <summary>The first parameter is the trigger. The method passes its name and its arguments on to `call`.</summary>
    private static void Emit(TypeBuilder type, string name, Type trigger, string call, params string[] parameters)
    {
        var types = Enumerable.Repeat(typeof(string), parameters.Length).ToArray();
        var method = type.DefineMethod(name, MethodAttributes.Public | MethodAttributes.Static, typeof(Task<object?>), types);
        var functionName = typeof(FunctionNameAttribute).GetConstructor([typeof(string)])!;
        method.SetCustomAttribute(new CustomAttributeBuilder(functionName, [name]));

        var code = method.GetILGenerator();
        code.Emit(OpCodes.Ldstr, name);
        for (var index = 0; index < parameters.Length; index++)
        {
            var parameter = method.DefineParameter(1 + index, ParameterAttributes.None, parameters[index]);
            if (index == 0) parameter.SetCustomAttribute(new CustomAttributeBuilder(trigger.GetConstructor([])!, []));
            code.Emit(OpCodes.Ldarg, index);
        }
        code.Emit(OpCodes.Call, typeof(Calls).GetMethod(call)!);
        code.Emit(OpCodes.Ret);
    }
}

/// <summary>The function that the emitted methods call.</summary>
public static class Calls
{
    // The extension runs orchestrators on a scheduler with one thread, and the call must not occupy it.
    public static Task<object?> Orchestrator(string name, string trigger) =>
        Task.Run(() => Bridge.Current.Invoke($"orchestrators/{name}", trigger));

    public static Task<object?> Activity(string name, string? input, string instanceId) =>
        Task.Run(() => Bridge.Current.Invoke($"activities/{name}/{Uri.EscapeDataString(instanceId)}", input ?? ""));
}

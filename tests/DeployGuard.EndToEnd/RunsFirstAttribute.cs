using NUnit.Framework.Internal;

namespace DeployGuard.EndToEnd;

/// <summary>Starts a long fixture first. A long fixture that started last would run alone, and most of the machine would be idle.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RunsFirstAttribute() : PropertyAttribute(PropertyNames.Order, 1);

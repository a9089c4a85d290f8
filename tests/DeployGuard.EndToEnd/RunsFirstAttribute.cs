using NUnit.Framework.Internal;

namespace DeployGuard.EndToEnd;

/// <summary>Of those that run side by side, what takes longest begins first: what begins last has the machine to itself, and leaves most of it idle.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RunsFirstAttribute() : PropertyAttribute(PropertyNames.Order, 1);

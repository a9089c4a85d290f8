using NUnit.Framework.Internal;

namespace DeployGuard.EndToEnd;

/// <summary>
/// The position of a test in a sequential fixture (<see cref="OwnCluster.IsSequence"/>). NUnit's own <c>DependsOnTest</c> would have the
/// whole fixture run alone.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StepAttribute(int number) : PropertyAttribute(PropertyNames.Order, number);

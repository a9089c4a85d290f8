using NUnit.Framework.Internal;

namespace DeployGuard.EndToEnd;

/// <summary>
/// The place of a test in the story that its fixture tells (<see cref="OwnCluster.IsSequence"/>). NUnit's own <c>DependsOnTest</c> would have the whole fixture run alone.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class StepAttribute(int number) : PropertyAttribute(PropertyNames.Order, number);

using DeployGuard.Core.Tests.Circles.Left;
using DeployGuard.Core.Tests.Circles.Right;

namespace DeployGuard.Core.Tests.Circles.Left
{
    internal class Caller
    {
        public static int Call() => Called.Number();
    }

    internal sealed record Holder(Called Held);

    internal sealed class Lambda
    {
        public static Func<IEnumerable<int>> Make() => () => Enumerable.Range(0, 1).Select(_ => Called.Number());
    }

    internal sealed class Lister
    {
        public IReadOnlyDictionary<string, Called[]> List { get; } = new Dictionary<string, Called[]>();
    }
}

namespace DeployGuard.Core.Tests.Circles.Right
{
    internal sealed class Called
    {
        public static int Number() => 1;
    }

    internal sealed class Heir : Caller;
}

using System.Reflection;
using DeployGuard.Core.Evaluation;
using DeployGuard.Core.Safeguards;

namespace DeployGuard.Core.Tests;

/// <summary>docs/reasons.md and <c>deployguard explain</c> know the reasons of <see cref="Reasons.All"/> alone.</summary>
public class ReasonsTests
{
    /// <summary>Sources of reasons besides the safeguards: the evaluator itself, and the rules of DeployGuard's own objects.</summary>
    private static readonly string[] s_others = ["Guard", "Records"];

    [Test]
    public void EveryReasonIsInTheCatalogue() => Assert.That(Reasons.All, Is.EquivalentTo(Declared().Select(d => d.Reason)));

    [Test]
    public void ACodeIsTheNameOfItsField() => Assert.That(Declared().Where(d => d.Reason.Code != d.Field), Is.Empty);

    [Test]
    public void ReasonNamesItsSafeguard() =>
        Assert.That(Reasons.All.Select(r => r.FoundBy).Distinct(), Is.EquivalentTo(SafeguardList.All.Select(s => s.Name).Concat(s_others)));

    private static List<(string Field, Reason Reason)> Declared() =>
        [
            .. from field in typeof(Reasons).GetFields(BindingFlags.Public | BindingFlags.Static)
            where field.FieldType == typeof(Reason)
            select (field.Name, field.GetValue(null) as Reason ?? throw new InvalidOperationException($"{field.Name} is null")),
        ];
}

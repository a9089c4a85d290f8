using DeployGuard.Benchmarks.Results;
using static DeployGuard.Benchmarks.Tests.Sample;

namespace DeployGuard.Benchmarks.Tests;

public class RegressionTests
{
    [Test]
    public void TheSameRunIsNotWorse()
    {
        var run = Of(Ratio(1.0, 1.1, 1.2));
        Assert.That(Regressions.Of(run, run), Is.Empty);
    }

    [Test]
    public void WhatIsFartherFromTheBaselineThanBothSpreadsIsWorse()
    {
        // Both spreads are 0.1, so medians may differ by 0.2.
        Assert.That(Regressions.IsWorse(Ratio(1.25, 1.3, 1.45), Ratio(1.0, 1.05, 1.2)), Is.True);
        Assert.That(Regressions.IsWorse(Ratio(1.1, 1.2, 1.3), Ratio(1.0, 1.05, 1.2)), Is.False);
    }

    [Test]
    public void ARestlessMachineNeedsALargerDifference() =>
        Assert.That(Regressions.IsWorse(Ratio(1.0, 1.5, 2.0), Ratio(1.0, 1.05, 1.1)), Is.False);

    [Test]
    public void TwoProcessesOfTheSameProgramMayDifferByATenthThoughTheirRoundsAgree()
    {
        Assert.That(Regressions.IsWorse(Ratio(1.09, 1.09, 1.09), Ratio(1.0, 1.0, 1.0)), Is.False);
        Assert.That(Regressions.IsWorse(Ratio(1.12, 1.12, 1.12), Ratio(1.0, 1.0, 1.0)), Is.True);
    }

    [Test]
    public void BytesDoNotDependOnTheMachineAndMayGrowByAHundredthOnly()
    {
        Assert.That(Regressions.IsWorse(Figure.Lower("bytes", [16_500]), Figure.Lower("bytes", [16_000])), Is.True);
        Assert.That(Regressions.IsWorse(Figure.Lower("bytes", [16_100]), Figure.Lower("bytes", [16_000])), Is.False);
    }

    [Test]
    public void OfARateLessIsWorse()
    {
        Assert.That(Regressions.IsWorse(Rate(0.4, 0.4, 0.4), Rate(0.6, 0.6, 0.6)), Is.True);
        Assert.That(Regressions.IsWorse(Rate(0.8, 0.8, 0.8), Rate(0.6, 0.6, 0.6)), Is.False);
    }

    [Test]
    public void TimesOfTwoMachinesAreNotCompared() =>
        Assert.That(Regressions.Of(Of(Figure.Absolute("µs", [900])), Of(Figure.Absolute("µs", [100]))), Is.Empty);

    [Test]
    public void TheLineNamesSectionRowAndFigure() =>
        Assert.That(
            Regressions.Of(Of(Ratio(1.5, 1.6, 1.7)), Of(Ratio(1.0, 1.0, 1.0))),
            Is.EqualTo(["growth: 1,000 policies: p50: ratio: 1.60 ±0.10, in the baseline 1.00 ±0.00"])
        );

    [Test]
    public void WhatTheRunDidNotMeasureIsNoPass() =>
        Assert.That(
            Regressions.Of(BenchResults.None, Of(Ratio(1.0, 1.0, 1.0))),
            Is.EqualTo(["growth: 1,000 policies: p50: ratio: was not measured"])
        );

    [Test]
    public void WhatTheBaselineDoesNotHaveIsNotCompared() => Assert.That(Regressions.Of(Of(Ratio(9)), BenchResults.None), Is.Empty);

    [Test]
    public void TheExitCodeIsOneOnlyIfAFigureIsWorse()
    {
        var (run, output) = (Of(Ratio(1.5, 1.6, 1.7)), new StringWriter());
        Assert.That(Baseline.Compare(run, run, output), Is.Zero);
        Assert.That(output.ToString(), Does.Contain("1 figures of the baseline compared, 0 worse"));
        Assert.That(Baseline.Compare(run, Of(Ratio(1.0, 1.0, 1.0)), output), Is.EqualTo(1));
        Assert.That(output.ToString(), Does.Contain("WORSE growth: 1,000 policies"));
    }

    [Test]
    public void ARatioIsTakenRoundByRound() =>
        // The second round was slow for both.
        Assert.That(
            Figure.Absolute("µs", [20, 60, 22]).RatioTo(Figure.Absolute("µs", [10, 30, 11])).Rounds,
            Is.EqualTo((double[])[2, 2, 2])
        );
}

using System.Text.Json;
using DeployGuard.Cli.Views;

namespace DeployGuard.Cli.Tests;

/// <summary>What show and approve print of signed evidence.</summary>
public class SignedViewTests
{
    [TestCase("Admitted", "; not proven: AiStatus: says nothing")]
    [TestCase("Pending", "; missing AiStatus: says nothing")]
    public void WhatAnAdmittedChangeLackedWasNotMissing(string phase, string shown) =>
        Assert.That(View(phase).Signed.First(), Does.EndWith(shown));

    [Test]
    public void TheSeatOfEachSignedReviewIsShownWithThePerson() =>
        Assert.That(
            View("Admitted").Signed.Skip(1),
            Is.EqualTo(
                new[]
                {
                    "signed review by github:2002 (erin) under tier-1: senior-engineers",
                    "signed review by github:9999 under tier-1: not counted (not in identities of the policy)",
                    "review by two people in the forge under tier-1: every seat is filled by others",
                    "  verification summaries 3c2b, 5dc3 by vsa of https://v.example.com, the oldest change verified at 2026-11-25T07:00:00Z",
                }
            )
        );

    /// <summary>The commit is that of the template, and the image is of an older one.</summary>
    [Test]
    public void TheCommitOfATemplateIsNotShownAsThatOfItsImage() =>
        Assert.That(
            View("Admitted", isOfTemplate: true).Signed.First(),
            Does.StartWith("the template alone, and not its image web (tier-1): ")
        );

    private static ChangeView View(string phase, bool isOfTemplate = false) =>
        new(
            JsonSerializer.SerializeToElement(
                new
                {
                    metadata = new { name = "deployment-web-1", @namespace = "shop" },
                    spec = new
                    {
                        workload = new
                        {
                            apiGroup = "apps",
                            kind = "Deployment",
                            name = "web",
                        },
                        templateHash = "v2:1",
                    },
                    status = new
                    {
                        phase,
                        provenance = new[]
                        {
                            new
                            {
                                policy = "tier-1",
                                image = "web",
                                template = isOfTemplate,
                                origin = "Unknown",
                                missing = "AiStatus: says nothing",
                            },
                        },
                        signedEvidence = new[]
                        {
                            new
                            {
                                policy = "tier-1",
                                twoParty = new
                                {
                                    counts = "every seat is filled by others",
                                    at = "2026-11-25T07:00:00Z",
                                    statements = new[] { "3c2b", "5dc3" },
                                    keys = new[] { "vsa" },
                                    verifiers = new[] { "https://v.example.com" },
                                },
                                reviews = new[]
                                {
                                    Review("github:2002", "erin", "senior-engineers"),
                                    Review("github:9999", "github:9999", "not counted (not in identities of the policy)"),
                                },
                            },
                        },
                    },
                }
            )
        );

    private static object Review(string approver, string person, string counts) =>
        new
        {
            approver,
            person,
            counts,
            at = "2026-11-25T08:00:00Z",
        };
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Workloads;
using DeployGuard.Registry.References;
using DeployGuard.Registry.Tests;

namespace DeployGuard.Cli.Tests;

/// <summary><c>deployguard attest --push</c>, and what <c>verify</c> says of the image afterwards.</summary>
[NonParallelizable]
public sealed class AttestPushTests
{
    private FakeRegistry? _registry;
    private AttestRepository? _git;
    private Digest? _image;

    private FakeRegistry Registry => _registry ?? throw new InvalidOperationException("not started");

    private AttestRepository Git => _git ?? throw new InvalidOperationException("not started");

    private string Image => $"{Registry.Host}/acme/web@{_image}";

    private string Head { get; set; } = "";

    private DateTimeOffset ReviewedAt { get; set; }

    [SetUp]
    public async Task StartAsync()
    {
        (_registry, _git) = (await FakeRegistry.StartAsync(), new AttestRepository());
        _image = new Repository(Registry).PushImage();
        Head = Git.Git.Commit("one");
        ReviewedAt = TimeProvider.System.GetUtcNow().AddHours(-1);
        await CommandRun.OfAsync("keys", "generate", Git.Git.At("forge"));
        DockerConfig("{}");
    }

    [TearDown]
    public async Task StopAsync()
    {
        Environment.SetEnvironmentVariable("DOCKER_CONFIG", null);
        Git.Dispose();
        await Registry.DisposeAsync();
    }

    [TestCase("referrer", true, "referrers of ")]
    [TestCase("referrer", false, "tag sha256-")]
    [TestCase("tag", true, ".att of ")]
    public async Task WhatAttestPutsBesideAnImageIsBelieved(string form, bool hasReferrers, string place)
    {
        Registry.Referrers = hasReferrers ? Registry.Referrers : null;
        var pushed = await PushAsync("--as", form);
        Assert.That(pushed.ExitCode, Is.Zero, pushed.Error);
        Assert.That(pushed.Output, Does.StartWith($"{Image}: ").And.Contain(place).And.Contain("manifest sha256:"));
        Assert.That(pushed.Output, Does.Not.Contain("payload"));

        var run = await VerifyAsync("--base", Git.Base);

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        Assert.That(
            run.Output,
            Does.Contain($"image -> commit: {Head} of ")
                .And.Contain($"commit -> what runs: {Head[..12]} back to {Git.Base[..12]}, by forge")
                .And.Contain("review: github:2002 (erin, of senior-engineers) approved")
                .And.Contain("Believed: whether AI had a part is not known; 1 of its reviews can count towards the quorum")
        );
    }

    /// <summary>The job that holds the key of reviews does not know what was built; the build says it with its own key.</summary>
    [Test]
    public async Task AReviewThatOnlyLiesBesideAnImageNeedsTheLinkOfTheBuild()
    {
        await CommandRun.OfAsync("keys", "generate", Git.Git.At("build"));
        var build = $"}}, {{name: build, role: Build, pem: \"{Pem("build")}\"";
        var policy = Policy($"pem: \"{Pem("forge")}\" {build}");
        await PushAsync("--beside", Image);

        var alone = await CommandRun.OfAsync("verify", Image, "--policy", policy, "--base", Git.Base);
        await PushAsync("--image", Image, "--key", Git.Git.At("build.key"));
        var both = await CommandRun.OfAsync("verify", Image, "--policy", policy, "--base", Git.Base);

        Assert.That((alone.ExitCode, both.ExitCode), Is.EqualTo((1, 0)), alone.Output + both.Output);
        Assert.That(alone.Output, Does.Contain("MISSING   image -> commit: No statement that counts names the commit of "));
        Assert.That(both.Output, Does.Contain($"image -> commit: {Head} of ").And.Contain(", by build"));
    }

    [TestCase(
        "CountsAsReview",
        0,
        "ok        two-party review of every change, the oldest at ",
        "the two-party review of the forge can fill"
    )]
    [TestCase("Ignore", 1, "-         two-party review, by vsa: not counted", "no review counts")]
    public async Task ATwoPartyReviewOfTheForgeIsBelievedWhereThePolicyCountsIt(string rule, int exitCode, string line, string sum)
    {
        await CommandRun.OfAsync("keys", "generate", Git.Git.At("vsa"));
        await Git.RunAsync("--complete", "--push", "--plain-http", "--key", Git.Git.At("forge.key"), "--image", Image);
        AttachSummary(Git.Base);
        var vsa = $"}}, {{name: vsa, role: Vsa, verifierId: https://v.example.com, pem: \"{Pem("vsa")}\"";
        var policy = Policy($"pem: \"{Pem("forge")}\" {vsa}", $"vsa: {{twoPartyReview: {rule}}}");

        var half = await CommandRun.OfAsync("verify", Image, "--policy", policy, "--base", Git.Base);
        AttachSummary(Head);
        var whole = await CommandRun.OfAsync("verify", Image, "--policy", policy, "--base", Git.Base);

        Assert.That((half.ExitCode, whole.ExitCode), Is.EqualTo((1, exitCode)), half.Output + whole.Output);
        Assert.That(
            half.Output.Contains($"two-party review: no verification summary of {Head}", StringComparison.Ordinal),
            Is.EqualTo(exitCode == 0)
        );
        Assert.That(whole.Output, Does.Contain(line).And.Contain(sum));
    }

    [Test]
    public async Task TheFirstMissingLinkIsNamedWithItsRemedy()
    {
        await PushAsync();

        var nothing = await VerifyAsync();
        var other = await VerifyAsync("--base", new string('d', 40));

        Assert.That(nothing.ExitCode, Is.EqualTo(1), nothing.Output);
        Assert.That(nothing.Output, Does.Contain("nothing runs yet, so that the whole history is asked for"));
        Assert.That(other.ExitCode, Is.EqualTo(1), other.Output);
        Assert.That(
            other.Output,
            Does.Contain("MISSING   commit -> what runs: ")
                .And.Contain(
                    $"deployguard attest --from {new string('d', 40)} --to {Head} --ref refs/heads/main --repository https://github.com/acme/checkout "
                        + $"--complete --approvals FILE --key KEY --push --plain-http --beside {Image}"
                )
        );
    }

    [Test]
    public async Task AnImageWithoutStatementsIsNotBelieved()
    {
        var run = await VerifyAsync("--base", Git.Base);

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Output);
        Assert.That(
            run.Output,
            Does.Match(
                    "Not believed: no signed statement was found \\(looked at its referrers and the tags sha256-HEX, sha256-HEX.att and sha256-HEX.sig in [^;]*\\)"
                )
                .And.Match("--complete --approvals FILE --key KEY --push --plain-http --image [^ ]+@sha256:[0-9a-f]{64}")
                .And.Contain($"deployguard attest --from {Git.Base} --to NEW-COMMIT")
        );
    }

    [Test]
    public async Task AStatementByAnotherKeyIsNamedAsSuch()
    {
        await CommandRun.OfAsync("keys", "generate", Git.Git.At("other"));
        await PushAsync("--key", Git.Git.At("other.key"));

        var run = await VerifyAsync("--base", Git.Base);

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Output);
        Assert.That(run.Output, Does.Contain("is signed by none of the trusted keys (forge)"));
    }

    [Test]
    public async Task JsonHasEveryLink()
    {
        await PushAsync();

        var run = await VerifyAsync("--base", Git.Base, "-o", "json");

        using var json = JsonDocument.Parse(run.Output);
        var root = json.RootElement;
        Assert.Multiple(() =>
        {
            Assert.That(AttestRepository.Text(root, "result"), Is.EqualTo("Believed"));
            Assert.That(AttestRepository.Text(root, "policy"), Is.EqualTo("signed"));
            Assert.That(AttestRepository.Text(root, "commit"), Is.EqualTo(Head));
            Assert.That(AttestRepository.Text(root.GetProperty("chain")[0], "base"), Is.EqualTo(Git.Base));
            Assert.That(AttestRepository.Text(root.GetProperty("reviews")[0], "person"), Is.EqualTo("erin"));
            Assert.That(AttestRepository.Text(root.GetProperty("missing"), "link"), Is.EqualTo("AiStatus"));
            Assert.That(
                AttestRepository.Text(root.GetProperty("statements")[0].GetProperty("signers")[0], "role"),
                Is.EqualTo("SourceReview")
            );
        });
    }

    [Test]
    public async Task AnImageThatNoPolicyAsksAboutIsNotBelieved()
    {
        var run = await CommandRun.OfAsync("verify", $"ghcr.io/acme/other@{_image}", "--policy", Policy());
        Assert.That((run.ExitCode, Registry.Calls.Count), Is.EqualTo((1, 0)));
        Assert.That(run.Output, Does.Contain("Not asked: no origin.sources of signed names this image."));
    }

    [Test]
    public async Task ARegistryThatCannotBeReadLeavesItUndecided()
    {
        Registry.Misbehave(_ => true, context => Deny(context.Response));
        var run = await VerifyAsync("--base", Git.Base);
        Assert.That(run.ExitCode, Is.EqualTo(2), run.Output);
        Assert.That(run.Output, Does.Contain("Undecided: ").And.Contain("refused to read"));
    }

    /// <summary>As the webhook counts: it would refuse with the same reason.</summary>
    [TestCase("", "(not in identities of the policy; ask the platform team to add them there, with a group of the quorum)")]
    [TestCase("{person: erin, names: [erin-gh], groups: [senior-engineers]}", "(not in identities of the policy; ")]
    [TestCase(
        "{person: erin, names: [\"github:2002\"], groups: [seniors]}",
        "(identities of the policy gives them seniors, which is no group of the quorum; ask the platform team to correct it)"
    )]
    public async Task AReviewThatFillsNoSeatIsNotBelieved(string identities, string why)
    {
        await PushAsync();

        var run = await CommandRun.OfAsync("verify", Image, "--policy", Policy(identities: identities), "--base", Git.Base);
        var json = await CommandRun.OfAsync("verify", Image, "--policy", Policy(identities: identities), "--base", Git.Base, "-o", "json");

        Assert.That((run.ExitCode, json.ExitCode), Is.EqualTo((1, 1)), run.Output);
        Assert.That(run.Output, Does.Contain("  -         review: github:2002").And.Contain($"by forge: does not count {why}"));
        Assert.That(
            run.Output,
            Does.Contain("Not believed: whether AI had a part is not known; no review counts, and every change needs approval")
        );
        using var parsed = JsonDocument.Parse(json.Output);
        Assert.That($"({AttestRepository.Text(parsed.RootElement.GetProperty("reviews")[0], "notCounted")})", Does.StartWith(why[..^1]));
    }

    [Test]
    public async Task AReviewThatIsTooOldIsNotBelieved()
    {
        ReviewedAt = ReviewedAt.AddDays(-4);
        await PushAsync();

        var run = await VerifyAsync("--base", Git.Base);

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Output);
        Assert.That(
            run.Output,
            Does.Contain(
                $"does not count (of {Rfc3339.Show(ReviewedAt)}, older than approval.maxAge of the policy, 72h; have the change reviewed again"
            )
        );
    }

    [Test]
    public async Task WhatTheQuorumNeedsBesidesIsSaid()
    {
        await PushAsync();

        var run = await CommandRun.OfAsync("verify", Image, "--policy", Policy(wanted: 2), "--base", Git.Base);

        Assert.That(run.ExitCode, Is.Zero, run.Output);
        Assert.That(run.Output, Does.Contain("1 of its reviews can count towards the quorum, which needs more: senior-engineers 1/2"));
    }

    [TestCase("""{"data": {}, "type": "Opaque"}""", "Secret forge-key of namespace deployguard-system has no field cosign.pub")]
    [TestCase("", "Secret forge-key of namespace deployguard-system does not exist")]
    [TestCase("""{"data": {}, "type": "kubernetes.io/tls"}""", "has the type kubernetes.io/tls, which is not read; Opaque is")]
    public async Task AMissingKeyIsNamedAsDoctorNamesIt(string secret, string said)
    {
        await PushAsync();
        await using var server = await ClusterAsync();
        server.Objects.Remove("/api/v1/namespaces/deployguard-system/secrets/forge-key");
        if (secret.Length > 0)
        {
            server.Objects["/api/v1/namespaces/deployguard-system/secrets/forge-key"] = Node(secret);
        }

        var run = await server.RunAsync("verify", Image, "--workload", "deploy/web", "-n", "shop");

        Assert.That(run.ExitCode, Is.EqualTo(2), run.Output);
        Assert.That(
            run.Output,
            Does.Contain(
                $"{said}. Ask the platform team to create it from the public key, with the field cosign.pub, or pass a public key with"
            )
        );
    }

    [Test]
    public async Task WhoMayNotListPoliciesIsTold()
    {
        await using var server = await ClusterAsync();
        server.Forbidden.Add("/apis/deployguard.io/v1alpha1/safeguardpolicies");

        var run = await server.RunAsync("verify", Image, "--workload", "deploy/web", "-n", "shop");

        Assert.That(run.ExitCode, Is.EqualTo(2), run.Output);
        Assert.That(
            run.Error,
            Does.StartWith("error: ").And.Contain("safeguardpolicies").And.Contain("Or pass the policies with --policy FILE")
        );
    }

    [Test]
    public async Task AKeyInASecretIsGivenAsAFile()
    {
        await PushAsync();
        var policy = Policy("secretRef: {name: forge-key, key: cosign.pub}");

        var without = await CommandRun.OfAsync("verify", Image, "--policy", policy, "--base", Git.Base);
        var with = await CommandRun.OfAsync(
            "verify",
            Image,
            "--policy",
            policy,
            "--base",
            Git.Base,
            "--trusted-key",
            $"forge={Git.Git.At("forge.pub")}"
        );

        Assert.That((without.ExitCode, with.ExitCode), Is.EqualTo((2, 0)), without.Output + with.Output);
        Assert.That(
            without.Output,
            Does.Contain(
                    "Undecided: the key forge is in a Secret, and with --policy no Secrets are read. Pass its public key: --trusted-key forge=FILE; "
                        + "or leave out --policy"
                )
                .And.Not.Contain("platform team")
        );
    }

    [Test]
    public async Task WhatRunsAndTheKeysAreReadFromTheCluster()
    {
        await PushAsync();
        await using var server = await ClusterAsync();

        var known = await server.RunAsync("verify", Image, "--workload", "deploy/web", "-n", "shop");
        server.Objects["/apis/deployguard.io/v1alpha1/namespaces/shop/changes"] = Node("""{"metadata": {}, "items": []}""");
        var unknown = await server.RunAsync("verify", Image, "--workload", "deploy/web", "-n", "shop");
        server.Forbidden.Add("/api/v1/namespaces/deployguard-system/secrets");
        var forbidden = await server.RunAsync("verify", Image, "--workload", "deploy/web", "-n", "shop");

        Assert.That((known.ExitCode, unknown.ExitCode, forbidden.ExitCode), Is.EqualTo((0, 1, 2)), known.Output + known.Error);
        Assert.That(known.Output, Does.Contain("not seen  the request: if it changes more than this image"));
        Assert.That(known.Output, Does.Contain($"commit -> what runs: {Head[..12]} back to {Git.Base[..12]}, by forge"));
        Assert.That(unknown.Output, Does.Contain("which runs now, is not known, so that nobody can say what changed since then"));
        Assert.That(forbidden.Output, Does.Contain("you may not read the Secret forge-key of namespace deployguard-system"));
    }

    /// <summary>A cluster has the policies of many teams.</summary>
    [TestCase(true)]
    [TestCase(false)]
    public async Task OnlyThePoliciesOfTheWorkloadAreTold(bool mayReadNamespace)
    {
        await PushAsync();
        await using var server = await ClusterAsync();
        server.Objects["/api/v1/namespaces/shop"] = Node(
            """{"metadata": {"name": "shop", "labels": {"kubernetes.io/metadata.name": "shop", "tier": "1", "team": "web"} } }"""
        );
        AddPolicy(server, "elsewhere", """{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "pay"} } }""");
        AddPolicy(server, "team-pay", """{"namespaceSelector": {"matchLabels": {"team": "pay"} } }""");
        AddPolicy(server, "jobs", """{"kinds": ["Job"]}""");
        AddPolicy(server, "backends", """{"workloadSelector": {"matchLabels": {"tier": "backend"} } }""");
        AddPolicy(server, "of-the-team", """{"kinds": ["Deployment"]}""");
        server.Forbidden.AddRange(mayReadNamespace ? [] : ["/api/v1/namespaces/shop"]);

        var run = await server.RunAsync("verify", Image, "--workload", "deploy/web", "-n", "shop");

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        Assert.That(
            PoliciesIn(run.Output),
            Is.EqualTo(mayReadNamespace ? ["signed", "of-the-team"] : (string[])["signed", "team-pay", "of-the-team"])
        );
        Assert.That(run.Output, Does.Contain("Not asked: no origin.sources of of-the-team names this image."));
    }

    [Test]
    public async Task AWorkloadThatNoPolicyMatchesIsNamed()
    {
        await using var server = await ClusterAsync();
        server.Objects["/apis/deployguard.io/v1alpha1/safeguardpolicies"] = Node("""{"metadata": {}, "items": []}""");
        AddPolicy(server, "jobs", """{"kinds": ["Job"]}""");

        var run = await server.RunAsync("verify", Image, "--workload", "deploy/web", "-n", "shop");

        Assert.That((run.ExitCode, run.Output), Is.EqualTo((1, "")), run.Output);
        Assert.That(
            run.Error,
            Is.EqualTo($"error: {Image}: no policy that matches deployment/web has origin.keys, so that no statement about it is believed")
        );
    }

    /// <summary>Without a workload any policy may be meant: those that name the image.</summary>
    [TestCase(1, "Not asked: 1 other policy, whose origin.sources do not name this image.")]
    [TestCase(3, "Not asked: 3 other policies, whose origin.sources do not name this image.")]
    public async Task PoliciesThatDoNotNameTheImageAreOneLine(int others, string line)
    {
        await PushAsync();
        await using var server = await ClusterAsync();
        for (var i = 0; i < others; i++)
        {
            AddPolicy(server, $"other-{i}", "{}");
        }

        var run = await server.RunAsync("verify", Image, "--base", Git.Base);

        Assert.That(run.ExitCode, Is.Zero, run.Output + run.Error);
        Assert.That(PoliciesIn(run.Output), Is.EqualTo(new[] { "signed" }));
        Assert.That(run.Output.Split('\n')[^1], Is.EqualTo(line));
    }

    [Test]
    public async Task AnImageThatManyPoliciesDoNotNameIsOneLine()
    {
        await using var server = await ClusterAsync();
        for (var i = 0; i < 6; i++)
        {
            AddPolicy(server, $"other-{i}", "{}");
        }

        var run = await server.RunAsync("verify", $"ghcr.io/acme/other@{_image}");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Output + run.Error);
        Assert.That(
            run.Output.Split('\n'),
            Is.EqualTo(
                new[]
                {
                    $"ghcr.io/acme/other@{_image}",
                    "Not asked: no origin.sources of signed, other-0, other-1, other-2, other-3 and 2 more names this image.",
                }
            )
        );
    }

    private static IEnumerable<string> PoliciesIn(string output) =>
        output.Split('\n').Where(l => l.StartsWith("under policy ", StringComparison.Ordinal)).Select(l => l.Split(' ')[2]);

    /// <summary>A policy like the one of the cluster, about images of another repository.</summary>
    /// <param name="match">What it matches, in JSON.</param>
    private void AddPolicy(ObjectsServer server, string name, string match)
    {
        var policy = Node(Manifests.ManifestReader.Read(Policy())[0].Content.GetRawText());
        policy["metadata"] = new JsonObject { ["name"] = name };
        policy["spec"]!["match"] = Node(match);
        policy["spec"]!["origin"]!["sources"]![0]!["images"] = new JsonArray($"{Registry.Host}/acme/other");
        server.Objects["/apis/deployguard.io/v1alpha1/safeguardpolicies"]["items"]!.AsArray().Add(policy);
    }

    [Test]
    public async Task ARevisionThatIsNotProvenIsNoneToCompareWith()
    {
        await PushAsync();
        await using var server = await ClusterAsync(phase: "Completed");

        var run = await server.RunAsync("verify", Image, "--workload", "deploy/web", "-n", "shop");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Output);
        Assert.That(run.Output, Does.Contain("MISSING   template: the revision of deployment/web that runs now is not proven"));
        Assert.That(run.Output, Does.Contain("Not enough now: what runs is not proven").And.Not.Contain("Believed:"));
    }

    /// <summary>The webhook sees which container the request changes; it asks for the commit of what ran there.</summary>
    [Test]
    public async Task AnImageOfAnotherRepositoryThatRunsIsNotNothing()
    {
        await PushAsync();
        await using var server = await ClusterAsync(runs: $"registry.example.com/trial/web@sha256:{new string('1', 64)}");

        var run = await server.RunAsync("verify", Image, "--workload", "deploy/web", "-n", "shop");

        Assert.That(run.ExitCode, Is.EqualTo(1), run.Output);
        Assert.That(
            run.Output,
            Does.Contain($"The commit of registry.example.com/trial/web@sha256:{new string('1', 64)}, which runs now, is not known")
        );
    }

    [Test]
    public async Task CredentialsComeFromTheConfigurationOfDocker()
    {
        RequireBasic("ann:secret");
        var without = await PushAsync();
        DockerConfig($$"""{"auths": {"{{Registry.Host}}": {"username": "ann", "password": "secret"} } }""");
        var with = await PushAsync();

        Assert.That((without.ExitCode, with.ExitCode), Is.EqualTo((2, 0)), with.Error);
        Assert.That(without.Error, Does.Contain("error: --push: ").And.Contain("tried: anonymous"));
    }

    [Test]
    public async Task CredentialsComeFromTheHelperThatDockerNames()
    {
        DockerConfig($$"""{"auths": {"{{Registry.Host}}": {} }, "credHelpers": {"{{Registry.Host}}": "made-up"} }""");
        RequireBasic("ann:s\"x");

        var missing = await PushAsync();
        var (path, folder) = (Environment.GetEnvironmentVariable("PATH"), HelperFolder());
        Environment.SetEnvironmentVariable("PATH", $"{folder}:{path}");
        try
        {
            var run = await PushAsync();
            Assert.That(run.ExitCode, Is.Zero, run.Error);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
        }

        Assert.That(missing.ExitCode, Is.EqualTo(2));
        Assert.That(missing.Error, Does.Contain("names the credential helper docker-credential-made-up, which cannot be run"));
    }

    [Test]
    public async Task AFileIsWrittenBesideThePushIfItIsAskedFor()
    {
        var run = await PushAsync("-o", Git.Git.At("change.json"));
        var envelope = DsseEnvelope.Parse(await File.ReadAllBytesAsync(Git.Git.At("change.json")));
        Assert.That(run.ExitCode, Is.Zero, run.Error);
        Assert.That(Statement.Parse(envelope.Payload).Subjects.Single().Sha256, Is.EqualTo(_image?.Hex));
    }

    [TestCase(
        "--push: name the image that the statement is about with --image, or only lies beside with --beside",
        "--push",
        "--key",
        "x.key"
    )]
    [TestCase("--as is for --push, which is missing", "--as", "tag", "--key", "x.key")]
    [TestCase("--plain-http is for --push, which is missing", "--plain-http", "--key", "x.key")]
    [TestCase(
        "--push puts the signed statement into the registry; leave out --format, or --push",
        "--push",
        "--format",
        "statement",
        "--image",
        "ghcr.io/acme/web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    )]
    public async Task WhatDoesNotGoTogetherIsAnError(string error, params string[] options)
    {
        var run = await Git.RunAsync(options);
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.Contain(error));
    }

    [TestCase("web.tgz", "web.tgz: no image that is named by its digest")]
    [TestCase("ghcr.io/acme/web:1", "What a tag names now need not be what runs later. To verify files, pass --key and --envelope")]
    public async Task WhatIsNoPinnedImageIsAnError(string argument, string error)
    {
        var run = await CommandRun.OfAsync("verify", argument, "--policy", Policy());
        Assert.That((run.ExitCode, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.Contain(error));
    }

    [Test]
    public async Task OptionsForImagesAndForFilesDoNotGoTogether()
    {
        var run = await CommandRun.OfAsync("verify", "web.tgz", "--key", "x.pub", "--base", Git.Base);
        Assert.That(run.ExitCode, Is.EqualTo(2));
        Assert.That(run.Error, Does.Contain("--envelope is missing: files are verified with --key and --envelope"));
        Assert.That(run.Error, Does.Contain("--base is for images"));
    }

    /// <summary>A workload whose image came from the base commit, and the policy with its key in a Secret.</summary>
    /// <param name="phase">Of the revision that runs.</param>
    /// <param name="runs">Its image; null for a former one of the same repository.</param>
    private async Task<ObjectsServer> ClusterAsync(string phase = "Proven", string? runs = null)
    {
        var former = $"{Registry.Host}/acme/web@sha256:{new string('b', 64)}";
        var server = await ObjectsServer.StartAsync();
        var policy = Manifests.ManifestReader.Read(Policy("secretRef: {name: forge-key, key: cosign.pub}"))[0].Content.GetRawText();
        server.Objects["/apis/deployguard.io/v1alpha1/safeguardpolicies"] = Node($$"""{"metadata": {}, "items": [{{policy}}]}""");
        server.Objects["/api/v1/namespaces/deployguard-system/secrets/forge-key"] = Node(
            $$"""
            {"type": "Opaque", "data": {"cosign.pub": "{{Convert.ToBase64String(File.ReadAllBytes(Git.Git.At("forge.pub")))}}"} }
            """
        );
        var running = Node(
            $$"""
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
             "spec": {"selector": {"matchLabels": {"app": "web"} }, "template": {"metadata": {"labels": {"app": "web"} },
                      "spec": {"containers": [{"name": "web", "image": "{{runs ?? former}}"}]} } } }
            """
        );
        server.Objects[$"{ObjectsServer.Deployments}/web"] = running;
        var hash = WorkloadReader.Default.Read(JsonSerializer.SerializeToElement(running)).Template.Hash;
        server.Objects["/apis/deployguard.io/v1alpha1/namespaces/shop/changes"] = Node(
            $$"""
            {"metadata": {}, "items": [{"metadata": {"name": "deployment-web-1", "namespace": "shop"},
             "spec": {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "{{hash}}"},
             "status": {"phase": "{{phase}}", "provenance": [{"policy": "signed", "image": "{{former}}", "repository": "https://github.com/acme/checkout", "keys": ["forge (SourceReview)"],
              "keyIds": ["{{PublicKey.Parse(File.ReadAllText(Git.Git.At("forge.pub"))).KeyId}}"], "commit": "{{Git.Base}}"}]} }]}
            """
        );
        return server;
    }

    private static JsonNode Node(string json) => JsonNode.Parse(json) ?? throw new ArgumentException("null", nameof(json));

    /// <summary>A folder with a program that knows the credentials of the registry alone.</summary>
    private string HelperFolder()
    {
        var folder = Git.Git.At("helpers");
        Directory.CreateDirectory(folder);
        var helper = Path.Combine(folder, "docker-credential-made-up");
        File.WriteAllText(
            helper,
            $$"""
            #!/bin/sh
            test "$1" = get && test "$(cat)" = "{{Registry.Host}}" && echo '{"Username": "ann", "Secret": "s\"x"}'
            """
        );
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(helper, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        return folder;
    }

    private void RequireBasic(string credentials)
    {
        var wanted = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials))}";
        Registry.Own = context =>
        {
            var isAllowed = $"{context.Request.Headers.Authorization}" == wanted;
            context.Response.StatusCode = isAllowed ? 200 : 401;
            context.Response.Headers.WWWAuthenticate = "Basic realm=\"r\"";
            return Task.FromResult(!isAllowed);
        };
    }

    private static Task Deny(Microsoft.AspNetCore.Http.HttpResponse response)
    {
        response.StatusCode = 403;
        return Task.CompletedTask;
    }

    /// <summary>A complete change, reviewed by github:2002.</summary>
    private Task<CommandRun> PushAsync(params string[] more)
    {
        Git.Git.Write(
            "approvals.json",
            $$"""
            {"approvals": [{"approver": "github:2002", "kind": "human", "state": "approved", "commit": "{{Head}}", "at": "{{ReviewedAt:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}]}
            """
        );
        string[] key = more.Contains("--key") ? [] : ["--key", Git.Git.At("forge.key")];
        string[] image = more.Contains("--image") || more.Contains("--beside") ? [] : ["--image", Image];
        return Git.RunAsync([
            "--complete",
            "--approvals",
            Git.Git.At("approvals.json"),
            "--push",
            "--plain-http",
            .. key,
            .. image,
            .. more,
        ]);
    }

    private Task<CommandRun> VerifyAsync(params string[] more) => CommandRun.OfAsync(["verify", Image, "--policy", Policy(), .. more]);

    /// <summary>Beside the image: a summary by which two people agreed to every change up to a commit.</summary>
    private void AttachSummary(string commit)
    {
        var statement = $$"""
            {"_type": "https://in-toto.io/Statement/v1",
             "subject": [{"digest": {"gitCommit": "{{commit}}"}, "annotations": {"sourceRefs": ["refs/heads/main"]} }],
             "predicateType": "https://slsa.dev/verification_summary/v1",
             "predicate": {"verifier": {"id": "https://v.example.com"}, "resourceUri": "git+https://github.com/acme/checkout",
              "timeVerified": "{{TimeProvider.System.GetUtcNow().AddHours(-1):yyyy-MM-dd'T'HH:mm:ss'Z'}}", "verificationResult": "PASSED",
              "verifiedLevels": ["SLSA_SOURCE_LEVEL_3", "SLSA_SOURCE_TWO_PARTY_REVIEWED"]} }
            """;
        var key = SigningKey.Parse(File.ReadAllText(Git.Git.At("vsa.key")));
        var envelope = Dsse.Sign(Statement.PayloadType, Encoding.UTF8.GetBytes(statement), key);
        new Repository(Registry).AttachReferrer(
            _image ?? throw new InvalidOperationException("no image"),
            Encoding.UTF8.GetString(SigstoreBundle.Of(envelope, key.Public).ToJson())
        );
    }

    /// <param name="more">A further field of the block <c>origin</c>.</param>
    private string Policy(
        string? key = null,
        string more = "onUnavailable: Refuse",
        string identities = "{person: erin, names: [\"github:2002\"], groups: [senior-engineers]}",
        int wanted = 1
    )
    {
        Git.Git.Write(
            "policy.yaml",
            $$"""
            apiVersion: deployguard.io/v1alpha1
            kind: SafeguardPolicy
            metadata: {name: signed}
            spec:
              mode: Enforce
              match: {namespaceSelector: {matchLabels: {tier: "1"} } }
              images: {pin: Digest}
              approval: {required: Always, quorum: [{groups: [senior-engineers], count: {{wanted}}}]}
              origin:
                keys: [{name: forge, role: SourceReview, {{key ?? $"pem: \"{Pem("forge")}\""}} }]
                sources: [{images: ["{{Registry.Host}}/acme/web"], repository: https://github.com/acme/checkout, refs: [refs/heads/main]}]
                registries: [{host: "{{Registry.Host}}", plainHttp: true}]
                {{more}}
              identities: [{{identities}}]
            """
        );
        return Git.Git.At("policy.yaml");
    }

    /// <summary>On one line, as a text of YAML.</summary>
    private string Pem(string name) => File.ReadAllText(Git.Git.At($"{name}.pub")).ReplaceLineEndings("\\n");

    private void DockerConfig(string json)
    {
        Directory.CreateDirectory(Git.Git.At("docker"));
        Git.Git.Write("docker/config.json", json);
        Environment.SetEnvironmentVariable("DOCKER_CONFIG", Git.Git.At("docker"));
    }
}

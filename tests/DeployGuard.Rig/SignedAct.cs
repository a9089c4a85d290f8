namespace DeployGuard.Rig;

/// <summary>The act of the demo about signed evidence: a real registry, and a forge whose key the policy trusts.</summary>
internal sealed class SignedAct : IDisposable
{
    private const string Namespace = "checkout";
    private const string SetImage = $"kubectl set image deployment/checkout -n {Namespace} checkout=$(cat image)";

    private readonly RunningRig _rig;
    private readonly ImageRegistry _registry;
    private readonly string _folder;
    private readonly DemoConsole _narrator;

    private SignedAct(RunningRig rig, ImageRegistry registry, string folder) =>
        (_rig, _registry, _folder, _narrator) = (rig, registry, folder, new DemoConsole(rig.Plane, folder));

    public static async Task<SignedAct> StartAsync(RunningRig rig) =>
        new(rig, await ImageRegistry.StartAsync(rig.Tools), CopiedTo(Path.Combine(rig.Plane.Folder, "signed")));

    /// <exception cref="InvalidOperationException">A step did not end as expected.</exception>
    public async Task PlayAsync()
    {
        await TrustAsync();
        await BeginAsync();
        await PassAsync();
        await RefuseAsync();
    }

    public void Dispose() => _registry.Dispose();

    private async Task TrustAsync()
    {
        DemoConsole.Say(
            "A third namespace: every change needs an approval, and a review in the forge counts as one if the forge signed it. Only the "
                + "forge has its key; the policy names the public one."
        );
        await _narrator.PassesAsync("forge", "deployguard keys generate forge");
        await _rig.CreateNamespaceAsync(Namespace, "deployguard.io/evidence=signed");
        await _narrator.PassesAsync("dana", $"kubectl apply -n {Namespace} -f checkout.yaml");
        await _narrator.PassesAsync("dana", $"kubectl rollout status deployment/checkout -n {Namespace} --timeout=60s");
        await FillInAsync("policy.yaml");
        await _narrator.PassesAsync("admin", "cat policy.yaml && kubectl apply -f policy.yaml");
        await _rig.WaitUntilGuardedAsync(Namespace);
    }

    private async Task BeginAsync()
    {
        DemoConsole.Say("An image is built, and the forge signs its commits and their review. Nobody knows yet which commit runs now.");
        await BuildAsync("forge", "Round totals to cents");
        await _narrator.IsRefusedAsync("dana", SetImage, "ApprovalMissing", "is not known, so that nobody can say what changed");

        DemoConsole.Say("So this one is approved in the cluster. The next change starts from its commit.");
        var change = await ChangeAsync("Pending");
        await _narrator.PassesAsync("alice", $"kubectl deployguard approve {change} -n {Namespace} --yes --reason 'read the diff'");
        await _narrator.PassesAsync("dana", SetImage);
        await ChangeAsync("Proven", change);
    }

    private async Task PassAsync()
    {
        DemoConsole.Say("The next change was reviewed in the forge. It needs no approval in the cluster.");
        await BuildAsync("forge", "Show the delivery date");
        await _narrator.PassesAsync("dana", SetImage);
        await _narrator.PassesAsync("dana", $"kubectl rollout status deployment/checkout -n {Namespace} --timeout=60s");
        await _narrator.PassesAsync("dana", $"kubectl deployguard show {await ChangeOfImageAsync()} -n {Namespace}");
        await ChangeAsync("Proven", await ChangeOfImageAsync());
    }

    private async Task RefuseAsync()
    {
        DemoConsole.Say("A developer signs the same words with a key of their own. That counts for nothing, and verify says why.");
        await _narrator.PassesAsync("dana", "deployguard keys generate mine");
        await BuildAsync("mine", "Skip the tax");
        await _narrator.IsRefusedAsync("dana", SetImage, "ApprovalMissing", "StatementKey");
        await _narrator.IsRefusedAsync(
            "dana",
            $"kubectl deployguard verify $(cat image) --workload deployment/checkout -n {Namespace}",
            "signed by none of the trusted keys"
        );
    }

    /// <param name="key">The name of the key that signs what is said of the image.</param>
    private async Task BuildAsync(string key, string message)
    {
        await _narrator.PassesAsync("dana", $"sh build.sh {_registry.Host} dana '{message}'");
        await _narrator.PassesAsync(
            key == "forge" ? "forge" : "dana",
            "sh reviews.sh > approvals.json && deployguard attest --folder checkout --from $(cat base) --complete "
                + "--repository https://github.com/acme/checkout --ref refs/heads/main --approvals approvals.json "
                + $"--image $(cat image) --key {key}.key --push --plain-http"
        );
    }

    private Task<string> ChangeOfImageAsync()
    {
        var image = File.ReadAllText(Path.Combine(_folder, "image")).Trim();
        return FindAsync(line => line.Contains(image, StringComparison.Ordinal), $"the Change of {image}");
    }

    private Task<string> ChangeAsync(string phase, string name = "") =>
        FindAsync(
            line => line.Contains($" {phase} ", StringComparison.Ordinal) && line.StartsWith(name, StringComparison.Ordinal),
            $"a change in phase {phase}"
        );

    /// <summary>The name of a Change, once there is one.</summary>
    /// <param name="isIt">Gets its name, its phase and its images.</param>
    private async Task<string> FindAsync(Predicate<string> isIt, string what)
    {
        var found = await Wait.UntilAsync(
            async () =>
                (
                    await _rig.Plane.KubectlAsync(
                        "admin",
                        "get",
                        "changes",
                        "-n",
                        Namespace,
                        "-o",
                        "jsonpath={range .items[*]}{.metadata.name} {.status.phase} {.spec.images}{\"\\n\"}{end}"
                    )
                )
                    .Output.Split('\n')
                    .FirstOrDefault(l => isIt(l)),
            line => line is not null,
            what
        );
        return found?.Split(' ')[0] ?? throw new InvalidOperationException($"{what} was not found");
    }

    private async Task FillInAsync(string file)
    {
        var path = Path.Combine(_folder, file);
        var pem = await File.ReadAllLinesAsync(Path.Combine(_folder, "forge.pub"));
        var text = await File.ReadAllTextAsync(path);
        await File.WriteAllTextAsync(
            path,
            text.Replace("REGISTRY", _registry.Host, StringComparison.Ordinal)
                .Replace("FORGE_KEY", string.Join('\n', pem.Select(l => $"          {l}")), StringComparison.Ordinal)
        );
    }

    /// <summary>The act writes files, so it plays in a copy.</summary>
    private static string CopiedTo(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "demo", "signed")))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        return folder;
    }
}

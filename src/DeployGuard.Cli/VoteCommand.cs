using System.CommandLine;
using DeployGuard.Kubernetes.Files;
using DeployGuard.Core.Approvals;

namespace DeployGuard.Cli;

/// <summary><c>deployguard approve</c> and <c>reject</c>: shows what it is about, asks, and writes a ChangeApproval for each.</summary>
internal sealed class VoteCommand
{
    private readonly Decision _decision;
    private readonly TimeProvider _time;
    private readonly ClusterFlags _cluster = new();
    private readonly Argument<string?> _what = new("CHANGE") { Description = "Name of a Change; or kind/name of a workload, with --hash, ahead of one.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string?> _hash = new("--hash") { Description = "The template's hash, 64 hex digits, as a refused dry run names it." };
    private readonly Option<string?> _release = new("--change-id") { Description = "Every Change of the namespace that waits and says that it belongs to this release." };
    private readonly Option<string?> _reason;
    private readonly Option<string?> _expiresIn = VoteOptions.ExpiresIn("How long it counts, such as 4h; the policy's maxAge is the limit.");
    private readonly Option<bool> _yes = VoteOptions.Yes();

    private VoteCommand(Decision decision, TimeProvider time)
    {
        (_decision, _time) = (decision, time);
        _reason = VoteOptions.Reason(decision is Decision.Reject ? "Why; whoever asked for the change reads it." : "Why, for the record.");
    }

    public static Command Approve(TimeProvider time) => new VoteCommand(Decision.Approve, time).Create("approve", """
        Approve one revision of one workload, or a release of many, after a look at it.

        Examples:
          kubectl deployguard approve deployment-web-7f9c2ab41d03e6aa -n shop
          kubectl deployguard approve --change-id release-42 -n shop
          kubectl deployguard approve deployment/web -n shop --hash 3b0c... --yes --reason "read the diff"
        """);

    public static Command Reject(TimeProvider time) => new VoteCommand(Decision.Reject, time).Create("reject", """
        Reject one revision of one workload, or a release of many. It is refused until you withdraw the veto, or it expires.

        Example:
          kubectl deployguard reject deployment-web-7f9c2ab41d03e6aa -n shop --reason "drops the orders table"
        """);

    private Command Create(string name, string description)
    {
        var command = new Command(name, description) { _what, _hash, _release, _reason, _expiresIn, _yes };
        _cluster.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var output = parsed.InvocationConfiguration.Output;
        var reason = parsed.GetValue(_reason);
        if (_decision is Decision.Reject && string.IsNullOrEmpty(reason))
        {
            throw new ManifestException("--reason: a veto says why, for whoever asked for the change");
        }

        var expiresAt = VoteOptions.ExpiresAt(parsed.GetValue(_expiresIn), _time);
        var (api, @namespace) = _cluster.Open(parsed);
        using var connection = api;
        var records = new Records(api, @namespace);
        var subjects = await FindAsync(parsed, records, cancel);
        await Pager.WriteAsync(output, string.Join("\n\n", subjects.Select(s => s.Description)), cancel);
        var what = subjects.Count == 1 ? "exactly this" : $"all {subjects.Count} of these";
        var unseen = subjects.Count(s => !s.IsShownWhole);
        what += unseen == 0 ? "" : subjects.Count == 1 ? ", though not all of it was shown" : $", though {unseen} were not shown whole";
        if (!parsed.GetValue(_yes) && !VoteOptions.Confirm(output, $"{_decision} {what}?"))
        {
            output.WriteLine("Nothing was written.");
            return Shell.Refused;
        }

        foreach (var subject in subjects)
        {
            var (name, approver) = await records.VoteAsync(subject, _decision, reason, expiresAt, cancel);
            output.WriteLine(_decision is Decision.Approve
                ? $"Approved as {approver}: changeapproval {name}. {(subject.IsUnreviewed ? "That reviews what came in by break-glass." : "Whoever asked can now run the same command again.")}"
                : $"Rejected as {approver}: changeapproval {name}. To take it back: kubectl deployguard withdraw {name} -n {@namespace}");
        }

        return 0;
    }

    private async Task<IReadOnlyList<VoteTarget>> FindAsync(ParseResult parsed, Records records, CancellationToken cancel)
    {
        var (what, hash, release) = (parsed.GetValue(_what), parsed.GetValue(_hash), parsed.GetValue(_release));
        if ((what is null) == (release is null))
        {
            throw new ManifestException("give either a Change, or --change-id");
        }

        if (release is not null)
        {
            var waiting = (await records.ChangesAsync(cancel)).Where(c => c.Waits && c.ChangeIds.Contains(release)).ToList();
            return waiting.Count > 0 ? await SubjectsAsync(records, waiting, cancel)
                : throw new ManifestException($"--change-id {release}: nothing of it waits in namespace {records.Namespace}");
        }

        return what?.Contains('/') == true
            ? [VoteTarget.Ahead(VoteTarget.ReadWorkload(what, records.Namespace), hash ?? throw new ManifestException($"{what}: a workload is voted on with --hash; a Change is named alone"), await records.RecordedAsync(cancel))]
            : await SubjectsAsync(records, [await records.FindChangeAsync(what ?? "", cancel)], cancel);
    }

    private static async Task<IReadOnlyList<VoteTarget>> SubjectsAsync(Records records, IReadOnlyList<ChangeView> changes, CancellationToken cancel)
    {
        var subjects = new List<VoteTarget>();
        foreach (var change in changes)
        {
            subjects.Add(await records.SubjectAsync(change, cancel));
        }

        return subjects;
    }
}

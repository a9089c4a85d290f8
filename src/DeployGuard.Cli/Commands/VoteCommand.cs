using System.CommandLine;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Comparison;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary>
/// <c>deployguard approve</c> and <c>reject</c>: shows the changes, asks for confirmation, and writes a ChangeApproval for each.
/// </summary>
internal sealed class VoteCommand
{
    private readonly Decision _decision;
    private readonly TimeProvider _time;
    private readonly ClusterFlags _cluster = new();
    private readonly Argument<string?> _what = new("CHANGE")
    {
        Description = "Name of a Change; or, before there is one, kind/name of a workload with --hash.",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string?> _hash = new("--hash")
    {
        Description = "Hash of the pod template, 64 hex digits, from the message of a refused dry run.",
    };
    private readonly Option<string?> _release = new("--change-id")
    {
        Description = "Vote on every Change of the namespace that waits and belongs to this release.",
    };
    private readonly Option<string?> _reason;
    private readonly Option<string?> _expiresIn = VoteOptions.ExpiresIn(
        "How long the vote counts, such as 4h; at most the policy's maxAge."
    );
    private readonly Option<bool> _yes = VoteOptions.Yes();
    private readonly Option<bool> _full = VoteOptions.Full();

    private VoteCommand(Decision decision, TimeProvider time)
    {
        (_decision, _time) = (decision, time);
        _reason = VoteOptions.Reason(decision is Decision.Reject ? "Why; the requester reads it." : "Why, for the record.");
    }

    public static Command Approve(TimeProvider time) =>
        new VoteCommand(Decision.Approve, time).Create(
            "approve",
            """
            Read the change, then approve one revision of one workload, or every change of a release.

            Examples:
              kubectl deployguard approve deployment-web-7f9c2ab41d03e6aa -n shop
              kubectl deployguard approve --change-id release-42 -n shop
              kubectl deployguard approve deployment/web -n shop --hash 3b0c... --yes --reason "read the diff"
            """
        );

    public static Command Reject(TimeProvider time) =>
        new VoteCommand(Decision.Reject, time).Create(
            "reject",
            """
            Reject one revision of one workload, or every change of a release. A veto counts until you withdraw it, or it expires.

            Example:
              kubectl deployguard reject deployment-web-7f9c2ab41d03e6aa -n shop --reason "drops the orders table"
            """
        );

    private Command Create(string name, string description)
    {
        var command = new Command(name, description) { _what, _hash, _release, _reason, _expiresIn, _yes, _full };
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
            throw new ManifestException("--reason: a veto needs a reason, which the requester reads");
        }

        var expiresAt = VoteOptions.ExpiresAt(parsed.GetValue(_expiresIn), _time);
        var (api, @namespace) = _cluster.Open(parsed);
        using var connection = api;
        var records = new RecordClient(api, @namespace);
        var (targets, isRefused) = await WithEffectAsync(records, await FindAsync(parsed, records, cancel), output, cancel);
        var exitCode = isRefused ? ExitCodes.Refused : 0;
        if (targets.Count == 0)
        {
            return exitCode;
        }

        await Pager.WriteAsync(output, string.Join("\n\n", targets.Select(t => t.Description)), cancel);
        if (!parsed.GetValue(_yes) && !VoteOptions.Confirm(output, VoteQuestion.Of(_decision, targets)))
        {
            output.WriteLine("No vote was written.");
            return ExitCodes.Refused;
        }

        foreach (var target in targets)
        {
            var (name, approver) = await records.VoteAsync(target, _decision, reason, expiresAt, cancel);
            output.WriteLine(
                $"{(_decision is Decision.Approve ? "Approved" : "Rejected")} as {approver}: changeapproval {name}. "
                    + TerminalText.Printable(await VoteEffect.OfAsync(records, target, _decision, name, cancel))
            );
        }

        return exitCode;
    }

    /// <summary>
    /// A vote that would change nothing is not written, and the voter learns why. That their vote stands already is no failure.
    /// </summary>
    /// <returns>The targets to vote on, and whether a vote on one of the others is refused.</returns>
    private async Task<(IReadOnlyList<VoteTarget> Targets, bool IsRefused)> WithEffectAsync(
        RecordClient records,
        IReadOnlyList<VoteTarget> targets,
        TextWriter output,
        CancellationToken cancel
    )
    {
        if (targets.All(t => t.View is null) || await records.WhoAmIOrNullAsync(targets[0], cancel) is not { } me)
        {
            return (targets, false);
        }

        var isRefused = false;
        var remaining = new List<VoteTarget>();
        foreach (var target in targets)
        {
            var own = target.View?.VotesOf(me).ToList() ?? [];
            if (_decision is Decision.Approve && own.Find(v => v.Decision is Decision.Reject) is { } rejection)
            {
                isRefused = true;
                output.WriteLine(
                    $"Not approved: your own rejection of {target.View?.Name} still counts. Withdraw it first: kubectl deployguard withdraw "
                        + $"{rejection.Name} -n {records.Namespace}"
                );
            }
            else if (!target.IsUnreviewed && own.Find(v => v.Decision == _decision && v.IsCounted) is { } same)
            {
                output.WriteLine(
                    $"Your vote stands: you voted {same.Decision} on {target.View?.Name} at {Rfc3339.Show(same.At)} (changeapproval "
                        + $"{same.Name}). No other vote was written.{(target.View is { } view ? $" {VoteEffect.Next(view)}" : "")}"
                );
            }
            else
            {
                remaining.Add(target);
            }
        }

        return (remaining, isRefused);
    }

    private async Task<IReadOnlyList<VoteTarget>> FindAsync(ParseResult parsed, RecordClient records, CancellationToken cancel)
    {
        var (what, hash, release) = (parsed.GetValue(_what), parsed.GetValue(_hash), parsed.GetValue(_release));
        if ((what is null) == (release is null))
        {
            throw new ManifestException("pass either the name of a Change, or --change-id");
        }

        if (release is not null)
        {
            var waiting = (await records.ChangesAsync(cancel))
                .Where(c => c.AwaitsVote && c.ChangeIds.Contains(VisibleText.Inline(release)))
                .ToList();
            return waiting.Count > 0
                ? await VoteTargetsAsync(records, waiting, parsed.GetValue(_full), cancel)
                : throw new ManifestException($"--change-id {release}: no Change of this release waits in namespace {records.Namespace}");
        }

        if (what?.Contains('/') != true)
        {
            return await VoteTargetsAsync(records, [await records.FindChangeAsync(what ?? "", cancel)], parsed.GetValue(_full), cancel);
        }

        var target = VoteTarget.OfHash(
            await records.ReadWorkloadAsync(what, cancel),
            hash ?? throw new ManifestException($"{what}: add --hash to vote on a workload, or pass the name of a Change"),
            await records.ParsedChangesAsync(cancel)
        );
        // A hash alone shows nothing: where there is a Change of it, the voter reads that.
        return await records.FindChangeOfAsync(target, cancel) is { } change
            ? await VoteTargetsAsync(records, [change], parsed.GetValue(_full), cancel)
            : [target];
    }

    private static async Task<IReadOnlyList<VoteTarget>> VoteTargetsAsync(
        RecordClient records,
        IReadOnlyList<ChangeView> changes,
        bool isFull,
        CancellationToken cancel
    )
    {
        var targets = new List<VoteTarget>();
        foreach (var change in changes)
        {
            targets.Add(await records.VoteTargetAsync(change, isFull, cancel));
        }

        return targets;
    }
}

using System.CommandLine;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Approvals;
using DeployGuard.Core.Changes;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Workloads;
using DeployGuard.Kubernetes.Api;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary>
/// <c>deployguard withdraw</c>: deletes your own votes on a Change, or one ChangeApproval by its name; or withdraws your own request.
/// </summary>
internal static class WithdrawCommand
{
    private static readonly ClusterFlags s_cluster = new();
    private static readonly Argument<string> s_what = new("CHANGE")
    {
        Description = "Name of a Change, to withdraw your own votes on it, or your own request; or name of one ChangeApproval.",
    };
    private static readonly Option<Decision?> s_decision = new("--decision")
    {
        Description = "Approve or Reject: which of your votes to withdraw. Default: your rejections, or your approvals if there are none.",
    };
    private static readonly Option<bool> s_yes = new("--yes", "-y")
    {
        Description = "Accepted as by approve and reject; withdraw never asks for confirmation.",
    };
    private static readonly Option<string?> s_reason = VoteOptions.Reason("Why you withdraw your request, for the record.");

    public static Command Create()
    {
        var command = new Command(
            "withdraw",
            """
            Withdraw your votes on a Change; or, as its requester, the request, so that nobody needs to review it any more. To withdraw another
            person's vote, you need the verb override and the name of the ChangeApproval.

            Examples:
              kubectl deployguard withdraw deployment-web-7f9c2ab41d03e6aa -n shop
              kubectl deployguard withdraw deployment-web-7f9c2ab41d03e6aa -n shop --decision Approve
              kubectl deployguard withdraw deployment-web-x7k2p -n shop
            """
        )
        {
            s_what,
            s_decision,
            s_reason,
            s_yes,
        };
        s_cluster.AddTo(command);
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancel)
    {
        var output = parsed.InvocationConfiguration.Output;
        var what = parsed.GetRequiredValue(s_what);
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var records = new RecordClient(api, @namespace);
        // Requesters may withdraw a request without a right to read votes.
        var votes = await records.ApprovalsOrNoneAsync(cancel);
        var named = votes.Where(v => v.Name == what).ToList();
        if (named.Count > 0)
        {
            await WithdrawAsync(records, named, output, cancel);
            return 0;
        }

        var target = VoteTarget.Of(await records.FindChangeAsync(what, cancel), TemplateView.Empty, isFull: false);
        var me = await records.WhoAmIAsync(target, cancel);
        var mine = votes
            .Where(v => v.Decision is not Decision.Withdraw && v.Approver.Username == me)
            .Where(v => target.View?.Parsed is { } voted && StandingVotes.IsAbout(v, voted))
            .ToList();
        if (mine.Count == 0 && target.View?.VotesOf(me).FirstOrDefault() is { } unlisted)
        {
            throw new ManifestException(
                $"you voted {unlisted.Decision} on this change, and may not list votes; withdraw the vote by its name first: kubectl "
                    + $"deployguard withdraw {unlisted.Name} -n {@namespace}"
            );
        }

        if (mine.Count > 0)
        {
            await WithdrawAsync(records, Chosen(mine, parsed.GetValue(s_decision), @namespace, output), output, cancel);
            return 0;
        }

        if (target.View?.Parsed is not { Phase: Phase.Pending or Phase.Rejected } recorded || !recorded.Requesters.Contains(me))
        {
            throw new ManifestException($"{me} has no vote on this change, and no request that waits");
        }

        try
        {
            await records.VoteAsync(target, Decision.Withdraw, parsed.GetValue(s_reason), null, cancel);
        }
        catch (ApiException refused) when (refused.ServerMessage.Contains("cannot create resource", StringComparison.Ordinal))
        {
            throw new ManifestException(
                "you may not withdraw requests here. Ask the platform team to bind the chart's role for requesters, by default: "
                    + MissingRight.Binding("deployguard-requester", me, @namespace)
            );
        }

        var others = recorded.Requesters.Where(r => r != me && !Requester.IsMachineName(r)).Except(Withdrew(recorded, votes)).ToList();
        if (others.Count == 0)
        {
            // Its place is free then, for the request that the requester sends next.
            await records.EndedAsync(recorded.Name, cancel);
        }

        output.WriteLine(
            $"Withdrawn: the request for {recorded.Name} by {me}. Its requesters and authors stay on record; the same revision may be "
                + "requested again."
                + (others.Count > 0 ? $" It ends once all who requested it have withdrawn it: also {string.Join(", ", others)}." : "")
        );
        return 0;
    }

    /// <summary>Who withdrew it after their last request, as far as this user may list votes.</summary>
    private static IEnumerable<string> Withdrew(Change recorded, IEnumerable<Approval> votes) =>
        votes.Where(v => v.Workload == recorded.Workload && ChangeLifecycle.IsWithdrawalOf(recorded, v)).Select(v => v.Approver.Username);

    private static List<Approval> Chosen(List<Approval> mine, Decision? decision, string @namespace, TextWriter output)
    {
        var wanted = decision ?? (mine.Exists(v => v.Decision is Decision.Reject) ? Decision.Reject : Decision.Approve);
        var chosen = mine.FindAll(v => v.Decision == wanted);
        foreach (var other in mine.Except(chosen))
        {
            output.WriteLine(
                $"Your vote {other.Decision}, changeapproval {other.Name}, stays. To withdraw it too, run: kubectl deployguard withdraw "
                    + $"{other.Name} -n {@namespace}"
            );
        }

        return chosen.Count > 0 ? chosen : throw new ManifestException($"--decision {wanted}: you have no such vote on this change");
    }

    private static async Task WithdrawAsync(RecordClient records, List<Approval> votes, TextWriter output, CancellationToken cancel)
    {
        foreach (var vote in votes)
        {
            await records.WithdrawAsync(vote, cancel);
            var what = $"{vote.Decision} of {vote.Workload} by {vote.Approver.Username}, changeapproval {vote.Name}";
            output.WriteLine(
                vote.ExpiresAt is { } end && end <= TimeProvider.System.GetUtcNow()
                    ? $"Deleted: {what}. It expired at {Rfc3339.Show(end)}, so it counted no more, and a review that it was stays. To take that back, "
                        + "reject the change: deployguard reject."
                    : $"Withdrawn: {what}."
            );
        }
    }
}

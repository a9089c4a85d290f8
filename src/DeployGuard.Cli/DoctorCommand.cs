using System.CommandLine;
using DeployGuard.Cli.Doctor;

namespace DeployGuard.Cli;

/// <summary><c>deployguard doctor</c>: whether DeployGuard in this cluster can do its work, and what is wrong, in words.</summary>
internal static class DoctorCommand
{
    private const string Json = "json";

    private static readonly ClusterFlags s_cluster = new("deployguard-system");
    private static readonly Option<string> s_name = new("--name", "--release") { Description = "The chart's full name, which is the release's if that contains deployguard.", DefaultValueFactory = _ => "deployguard" };
    private static readonly Option<string> s_output = OutputOption();

    public static Command Create(TimeProvider time)
    {
        var command = new Command("doctor", """
            Check permissions, certificate, reachability, registration, policies and the controllers seen, and say what is wrong and what to do.
            Changes nothing. Exit code 0: nothing failed, 1: something failed, 2: there is no cluster to look at.

            Examples:
              kubectl deployguard doctor
              kubectl deployguard doctor -n guards --release deployguard-prod --output json
            """)
        {
            s_name, s_output,
        };
        s_cluster.AddTo(command);
        command.SetAction((parsed, cancel) => RunAsync(parsed, time, cancel));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider time, CancellationToken cancel)
    {
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var report = await CheckRunner.OfAsync(api, @namespace, parsed.GetRequiredValue(s_name), time, cancel);
        parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(s_output) == Json ? report.ToJson() : report.ToText());
        return report.IsHealthy ? 0 : Shell.Refused;
    }

    private static Option<string> OutputOption()
    {
        var option = new Option<string>("--output", "-o") { Description = "text or json.", DefaultValueFactory = _ => "text" };
        option.AcceptOnlyFromAmong("text", Json);
        return option;
    }
}

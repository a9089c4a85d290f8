using System.CommandLine;
using DeployGuard.Cli.Doctor;

namespace DeployGuard.Cli.Commands;

/// <summary><c>deployguard doctor</c>: checks DeployGuard in this cluster, and names each problem with its remedy.</summary>
internal static class DoctorCommand
{
    private const string Json = "json";

    private static readonly ClusterFlags s_cluster = new("deployguard-system");
    private static readonly Option<string> s_name = new("--name", "--release")
    {
        Description = "Name of the release; or full name of the chart's objects, if the values set one.",
        DefaultValueFactory = _ => "deployguard",
    };
    private static readonly Option<string> s_output = OutputOption();

    public static Command Create(TimeProvider time)
    {
        var command = new Command(
            "doctor",
            """
            Check the permissions, certificate, reachability, registration, policies and controllers of an installation. Each problem comes with its
            remedy. Nothing is changed. Exit code 0: every check was made, and none failed. 1: a check failed, or could not be made. 2: the
            cluster cannot be read.

            Examples:
              kubectl deployguard doctor
              kubectl deployguard doctor -n guards --release deployguard-prod --output json
            """
        )
        {
            s_name,
            s_output,
        };
        s_cluster.AddTo(command);
        command.SetAction((parsed, cancel) => RunAsync(parsed, time, cancel));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, TimeProvider time, CancellationToken cancel)
    {
        var (api, @namespace) = s_cluster.Open(parsed);
        using var connection = api;
        var report = await CheckRunner.RunAsync(api, @namespace, parsed.GetRequiredValue(s_name), time, cancel);
        parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(s_output) == Json ? report.ToJson() : report.ToText());
        return report.IsHealthy ? 0 : ExitCodes.Refused;
    }

    private static Option<string> OutputOption()
    {
        var option = new Option<string>("--output", "-o") { Description = "text or json.", DefaultValueFactory = _ => "text" };
        option.AcceptOnlyFromAmong("text", Json);
        return option;
    }
}

using System.CommandLine;
using DeployGuard.Cli.Inputs;
using DeployGuard.Cli.Views;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;
using DeployGuard.Core.Records;
using DeployGuard.Core.Safeguards;
using DeployGuard.Core.Workloads;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Commands;

/// <summary>One run of <c>check</c>: reads everything, then evaluates it.</summary>
internal sealed class CheckRun(ParseResult parsed, ManifestInputs inputs)
{
    private readonly CheckReport _report = new();
    private readonly TextWriter _output = parsed.InvocationConfiguration.Output;

    private CheckOutput Form => parsed.GetValue(CheckOptions.Json) ? CheckOutput.Json : parsed.GetValue(CheckOptions.Output);

    /// <returns>The exit code.</returns>
    public int Run(TimeProvider time)
    {
        var now = CheckOptions.Time(parsed, time);
        var reader = CheckOptions.Reader(parsed);
        var files = parsed.GetRequiredValue(CheckOptions.Files);
        List<CheckCase> cases =
        [
            .. files.Where(CheckCase.IsExample).Select(folder => CheckCase.ReadExample(folder, now, reader, _report.AddError)),
        ];
        var others = files.Where(f => !CheckCase.IsExample(f)).ToList();
        if (others.Count > 0 || files.Length == 0)
        {
            cases.Add(ReadCase(new CheckCase(reader) { Now = now }, others));
        }

        foreach (var check in cases)
        {
            Evaluate(check);
        }

        _report.Write(parsed.InvocationConfiguration.Error, cases);
        return _report.ExitCode;
    }

    private void Evaluate(CheckCase check)
    {
        var evaluator = SafeguardList.Evaluator(TrustedControllers.BuiltIn);
        var requests = check.Requests().ToList();
        foreach (var request in requests)
        {
            try
            {
                var verdict = new CheckedVerdict(request, request.Decide(evaluator, check.Now));
                Print(verdict);
                _report.Add(verdict, check.Namespaces);
            }
            catch (ManifestException wrong)
            {
                _report.AddError(wrong);
            }
        }

        if (requests.Count == 0 && Form is CheckOutput.Text)
        {
            foreach (var (place, policy) in check.Policies.Valid)
            {
                _output.WriteLine(TerminalText.Printable($"{place}: SafeguardPolicy {policy.Name} is valid (mode {policy.Mode})"));
                IEnumerable<string> warnings = [.. EvidenceWarnings.Of(policy)];
                foreach (var warning in PolicyWarnings.OfAccept(policy) is { } stuck ? warnings.Prepend(stuck) : warnings)
                {
                    _output.WriteLine(TerminalText.Printable($"Warning: policy {policy.Name}: {warning}"));
                }
            }
        }
    }

    private void Print(CheckedVerdict verdict)
    {
        IEnumerable<string> lines = Form switch
        {
            CheckOutput.Json => [VerdictJson.Of(verdict)],
            CheckOutput.GitHub => VerdictAnnotations.Of(verdict),
            CheckOutput.Text => VerdictText.Of(verdict),
            var other => throw new InvalidOperationException($"unknown output {other}"),
        };
        foreach (var line in lines)
        {
            _output.WriteLine(line);
        }
    }

    private CheckCase ReadCase(CheckCase check, IReadOnlyList<string> files)
    {
        check.DefaultNamespace = parsed.GetRequiredValue(CheckOptions.Namespace);
        check.Requester = new Requester(parsed.GetRequiredValue(CheckOptions.As), "", parsed.GetRequiredValue(CheckOptions.AsGroup));
        check.DryRun = parsed.GetValue(CheckOptions.DryRun);
        foreach (var labels in parsed.GetRequiredValue(CheckOptions.NamespaceLabels))
        {
            check.Namespaces.Give(labels);
        }

        foreach (var file in parsed.GetRequiredValue(CheckOptions.Policies))
        {
            // Without it nothing could be refused, and every verdict would look clean.
            if (file != "-" && !File.Exists(file) && !Directory.Exists(file))
            {
                throw new ManifestException($"{CheckOptions.Policies.Name} {file}: no such file or folder, so nothing was checked");
            }

            var known = check.Policies.Read;
            Take(file, check.Add);
            if (check.Policies.Read == known)
            {
                _report.AddNoPolicyIn(file);
            }
        }

        ReadFiles(check, files);
        ReadBefore(check, files);
        return check;
    }

    private void ReadFiles(CheckCase check, IReadOnlyList<string> files)
    {
        var objects = 0;
        foreach (var file in files)
        {
            Take(
                file,
                manifest =>
                {
                    objects++;
                    check.Add(manifest);
                }
            );
        }

        if (objects == 0 && files.Count > 0)
        {
            _report.AddNothingRead(files);
        }
        else if (check.Policies.All.Count == 0 && files.Count > 0)
        {
            _report.AddNote("No SafeguardPolicy was given, so nothing can be refused; pass some with --policies");
        }
    }

    private void ReadBefore(CheckCase check, IReadOnlyList<string> files)
    {
        foreach (var file in parsed.GetRequiredValue(CheckOptions.Before))
        {
            Take(file, check.AddBefore);
        }

        if (parsed.GetValue(CheckOptions.AgainstRef) is not { } reference)
        {
            return;
        }

        using var revision = new GitRevision(reference, inputs);
        foreach (var file in files)
        {
            // What could not be read then is fixed by now, or is an error of the present file.
            CheckCase.Take(
                revision.Read(file, _report.AddNote),
                check.AddBefore,
                wrong => _report.AddNote($"{wrong.Message}; what is in it counts as new")
            );
        }
    }

    private void Take(string file, Action<Manifest> take) =>
        CheckCase.Take(inputs.Read(file, _report.AddError, _report.AddNote), take, _report.AddError);
}

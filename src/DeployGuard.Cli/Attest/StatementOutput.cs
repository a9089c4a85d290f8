using System.CommandLine;
using System.Text;
using System.Text.Json;
using DeployGuard.Cli.Inputs;
using DeployGuard.Core.Attestations;
using DeployGuard.Core.Workloads;
using DeployGuard.Cryptography;
using DeployGuard.Manifests;

namespace DeployGuard.Cli.Attest;

/// <summary>Writes a statement in the form that the user chose, signed where that form is.</summary>
internal sealed class StatementOutput
{
    /// <summary>Where DeployGuard reads a statement from the object itself.</summary>
    private const string Annotation = Workload.StatementAnnotation;

    /// <summary>What Kubernetes allows for all annotations of an object.</summary>
    private const int MaxAnnotations = 256 << 10;

    /// <summary>The variable that cosign takes the password of a key from.</summary>
    private const string Password = "COSIGN_PASSWORD";

    private readonly AttestFormat _format;
    private readonly string? _file;
    private readonly TextWriter _standard;
    private readonly SigningKey? _key;
    private readonly bool _isPushed;

    /// <exception cref="ManifestException">The key cannot be used.</exception>
    public StatementOutput(ParseResult parsed)
    {
        (_format, _file) = (parsed.GetValue(AttestOptions.Format), parsed.GetValue(AttestOptions.Output));
        _standard = parsed.InvocationConfiguration.Output;
        _isPushed = parsed.GetValue(PushOptions.Push);
        _key = parsed.GetValue(AttestOptions.Key) is { } file ? PrivateKeyFile.Read(file, Parse) : null;

        static SigningKey Parse(string pem) => SigningKey.Parse(pem, Environment.GetEnvironmentVariable(Password), new MoreAlgorithms());
    }

    /// <param name="subjects">Names and digests of images; none: the commit is the subject.</param>
    /// <param name="templates">Further subjects, by the hashes of their templates.</param>
    /// <returns>What was signed; null if nothing is.</returns>
    /// <exception cref="ManifestException">It exceeds a limit of statements, or the file cannot be written.</exception>
    public SignedStatement? Write(
        ChangeStatement change,
        IReadOnlyList<(string Name, string Sha256)> subjects,
        IReadOnlyList<StatementSubject> templates
    )
    {
        try
        {
            var predicate = JsonDocument.Parse(change.ToJson()).RootElement;
            // What no reader would accept must not be signed.
            ChangeStatement.Parse(predicate);
            var statement = change.About([.. Subjects(change, subjects), .. templates]);
            return Write(_format is AttestFormat.Predicate ? change.ToJson() : statement.ToJson());
        }
        catch (AttestationException wrong)
        {
            throw new ManifestException($"attest: the statement cannot be written: {wrong.Message}", wrong);
        }
    }

    private static IEnumerable<StatementSubject> Subjects(ChangeStatement change, IReadOnlyList<(string Name, string Sha256)> images) =>
        images.Count > 0
            ? images.Select(i => StatementSubject.Of(i.Name, StatementSubject.ImageDigest, i.Sha256))
            : [StatementSubject.Of(change.Source.Repository, StatementSubject.Commit, change.Source.HeadCommit)];

    private SignedStatement? Write(byte[] content)
    {
        var signed = _key is null ? null : new SignedStatement(Dsse.Sign(Statement.PayloadType, content, _key), _key.Public);
        if (_file is not null || !_isPushed)
        {
            Write(Encoding.UTF8.GetString(signed?.Envelope.ToJson() ?? content));
        }

        return signed;
    }

    private void Write(string text)
    {
        text = _format is AttestFormat.Annotation ? Patch(text) : text;
        if (_file is null)
        {
            _standard.WriteLine(text);
            return;
        }

        try
        {
            File.WriteAllText(_file, text + "\n");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ManifestException($"{_file}: cannot be written: {fault.Message}", fault);
        }
    }

    /// <summary>A JSON merge patch, which <c>kubectl patch</c> and kustomize take.</summary>
    private static string Patch(string envelope)
    {
        if (Annotation.Length + envelope.Length > MaxAnnotations)
        {
            throw new ManifestException(
                $"--format annotation: the signed statement has {envelope.Length} bytes, and all annotations of an object together may have "
                    + $"{MaxAnnotations}; attest the range in parts"
            );
        }

        return JsonSerializer.Serialize(
            new { metadata = new { annotations = new Dictionary<string, string> { [Annotation] = envelope } } }
        );
    }
}

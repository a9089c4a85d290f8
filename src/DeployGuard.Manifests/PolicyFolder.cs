using DeployGuard.Core.Policies;
using Microsoft.Extensions.Logging;

namespace DeployGuard.Manifests;

/// <summary>
/// The policies of a folder, read again when a file changes. An invalid state is logged, and the last valid policies stay.
/// </summary>
public sealed class PolicyFolder
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private readonly string _folder;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private string _content;

    /// <exception cref="ManifestException">
    /// A file cannot be read, or a policy in it is invalid. The process then does not start.
    /// </exception>
    public PolicyFolder(string folder, TimeProvider time, ILogger logger)
    {
        (_folder, _time, _logger) = (folder, time, logger);
        _content = Content();
        Policies = Load(folder);
    }

    public IReadOnlyList<SafeguardPolicy> Policies { get; private set; }

    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(s_interval, _time);
        while (await timer.WaitForNextTickAsync(cancel))
        {
            try
            {
                Reload();
            }
            catch (Exception fault) when (fault is ManifestException or IOException or UnauthorizedAccessException)
            {
                _logger.LogError("the policies in {Folder} cannot be used; the last valid ones stay: {Problem}", _folder, fault.Message);
            }
        }
    }

    /// <summary>Reads all SafeguardPolicies of a file or folder; other kinds are ignored.</summary>
    /// <exception cref="ManifestException">A file cannot be read, or a policy in it is not valid.</exception>
    public static IReadOnlyList<SafeguardPolicy> Load(string path) =>
        [.. ManifestReader.Read(path).Where(m => m.Kind == PolicyReader.Kind).Select(Read)];

    /// <exception cref="ManifestException">The policy is not valid; every error is in the message.</exception>
    public static SafeguardPolicy Read(Manifest manifest) => Usable(manifest, PolicyReader.Read(manifest.Content));

    /// <param name="policy">The policy that was read from the manifest.</param>
    /// <exception cref="ManifestException">The policy is not valid; every error is in the message.</exception>
    public static SafeguardPolicy Usable(Manifest manifest, SafeguardPolicy policy) =>
        policy.Errors.Count == 0
            ? policy
            : throw new ManifestException(
                $"{manifest.Source}: SafeguardPolicy {policy.Name} is not valid:"
                    + string.Concat(policy.Errors.Select(e => $"\n - {Located(manifest.Place, e)}"))
            );

    /// <summary>An error begins with the path of its field.</summary>
    private static string Located(ManifestPlace place, string error) => $"{place.File}:{place.LineOf(error.Split(": ")[0])}: {error}";

    private void Reload()
    {
        var content = Content();
        if (content == _content)
        {
            return;
        }

        // Stored before the read, so that an invalid version is reported only once.
        _content = content;
        Policies = Load(_folder);
        _logger.LogInformation("read {Count} policies from {Folder}", Policies.Count, _folder);
    }

    private string Content() => string.Join('\0', ManifestReader.FilesIn(_folder).Select(f => $"{f}\0{File.ReadAllText(f)}"));
}

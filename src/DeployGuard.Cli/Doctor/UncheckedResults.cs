using System.Text.RegularExpressions;

namespace DeployGuard.Cli.Doctor;

/// <summary>The checks that could not be made: which, why, and who can make them.</summary>
internal sealed partial class UncheckedResults(IReadOnlyList<CheckResult> results, Headline headline)
{
    public IEnumerable<string> Lines
    {
        get
        {
            if (results.Count == 0)
            {
                yield break;
            }

            var width = results.Max(r => r.Check.Length);
            yield return $"NOT CHECKED, {Why}:";
            foreach (var result in results)
            {
                yield return $"         {result.Check.PadRight(width)}  {Missing(result.Diagnosis.Message)}";
            }

            if (User is { } user)
            {
                var where = $"-n {headline.Namespace}{(headline.Name == "deployguard" ? "" : $" --name {headline.Name}")}";
                yield return $"         Ask a cluster administrator to run: kubectl deployguard doctor {where}{Grant(user)}";
            }
        }
    }

    /// <summary>The role leaves out the Secret, which holds a private key.</summary>
    private string Grant(string user) =>
        results.All(r => r.Check == CertificateCheck.OfSecret)
            ? ""
            : "; or to grant you all but the Secret: kubectl create clusterrolebinding "
                + $"deployguard-doctor-{Binding(user)} --clusterrole={headline.Name}-doctor --user={ShellText.Quoted(user)}";

    private string Why => User is { } user ? $"because {user} lacks permissions" : "because of the API server";

    private string? User =>
        results.Select(r => Forbidden().Match(r.Diagnosis.Message)).FirstOrDefault(m => m.Success)?.Groups["user"].Value;

    /// <summary>What the API server says after the name of the user.</summary>
    private static string Missing(string message) =>
        Forbidden().Match(message) is { Success: true } denied ? denied.Groups["what"].Value : message;

    private static string Binding(string user) => string.Concat(user.Select(c => c is '/' or '%' or '\'' ? '-' : c));

    [GeneratedRegex("""User "(?<user>[^"]+)" (?<what>cannot .*)$""", RegexOptions.Singleline)]
    private static partial Regex Forbidden();
}

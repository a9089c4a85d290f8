using DeployGuard.Core.Policies;

namespace DeployGuard.Kubernetes.Api;

/// <summary>
/// The paths of the API server that DeployGuard uses, relative to its address. A collection has no slash at its end; <see cref="One"/>
/// gives an object in it.
/// </summary>
public static class ApiPaths
{
    public const string Namespaces = "api/v1/namespaces";

    public const string Services = "api/v1/services";

    public const string Nodes = "api/v1/nodes";

    public const string Deployments = "apis/apps/v1/deployments";

    public const string ControllerRevisions = "apis/apps/v1/controllerrevisions";

    /// <summary>The resources of the group, to see which versions it has.</summary>
    public const string Batch = "apis/batch/v1";

    public const string CronJobs = "apis/batch/v1/cronjobs";

    /// <summary>Of servers before 1.21.</summary>
    public const string CronJobsBeta = "apis/batch/v1beta1/cronjobs";

    public const string SubjectAccessReviews = "apis/authorization.k8s.io/v1/subjectaccessreviews";

    public const string SelfSubjectReviews = "apis/authentication.k8s.io/v1/selfsubjectreviews";

    public const string WebhookConfigurations = "apis/admissionregistration.k8s.io/v1";

    public const string Rbac = "apis/rbac.authorization.k8s.io/v1";

    public const string Version = "version";

    private const string Own = $"apis/{PolicyReader.ApiVersion}";

    public const string Policies = $"{Own}/safeguardpolicies";

    public const string AllChanges = $"{Own}/changes";

    public const string AllApprovals = $"{Own}/changeapprovals";

    public const string AllBreakGlasses = $"{Own}/breakglasses";

    public static string Changes(string @namespace) => OwnIn(@namespace, "changes");

    public static string ChangeTemplates(string @namespace) => OwnIn(@namespace, "changetemplates");

    public static string Approvals(string @namespace) => OwnIn(@namespace, "changeapprovals");

    public static string BreakGlasses(string @namespace) => OwnIn(@namespace, "breakglasses");

    /// <param name="resource">One of DeployGuard's own: <c>changes</c>.</param>
    public static string OwnIn(string @namespace, string resource) => $"{Own}/namespaces/{@namespace}/{resource}";

    public static string Pods(string @namespace) => CoreIn(@namespace, "pods");

    public static string ConfigMaps(string @namespace) => CoreIn(@namespace, "configmaps");

    public static string Secrets(string @namespace) => CoreIn(@namespace, "secrets");

    public static string Events(string @namespace) => CoreIn(@namespace, "events");

    public static string Leases(string @namespace) => In("apis/coordination.k8s.io/v1/leases", @namespace);

    public static string DeploymentsIn(string @namespace) => In(Deployments, @namespace);

    /// <summary>The group with the versions that the server has of it.</summary>
    public static string Group(string apiGroup) => $"apis/{apiGroup}";

    /// <param name="apiVersion">Group and version, or <c>v1</c>.</param>
    public static string Resource(string apiVersion, string resource, string @namespace) =>
        $"{(apiVersion.Contains('/', StringComparison.Ordinal) ? "apis" : "api")}/{apiVersion}/namespaces/{@namespace}/{resource}";

    /// <summary>A collection of the whole cluster, in one namespace: <c>apis/apps/v1/deployments</c>.</summary>
    public static string In(string collection, string @namespace)
    {
        var slash = collection.LastIndexOf('/');
        return $"{collection[..slash]}/namespaces/{@namespace}{collection[slash..]}";
    }

    public static string One(string collection, string name) => $"{collection}/{Uri.EscapeDataString(name)}";

    private static string CoreIn(string @namespace, string resource) => $"{Namespaces}/{@namespace}/{resource}";
}

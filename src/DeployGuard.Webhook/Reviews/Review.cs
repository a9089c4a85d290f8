using System.Text.Json;
using DeployGuard.Core.Admission;
using DeployGuard.Core.Identities;

namespace DeployGuard.Webhook.Reviews;

/// <summary>
/// The request of an AdmissionReview, as far as DeployGuard reads it. Its elements are views into the body: do not keep them.
/// </summary>
internal sealed record Review
{
    public const string ApiVersion = "admission.k8s.io/v1";

    public required string Uid { get; init; }

    public required string Group { get; init; }

    public required string Kind { get; init; }

    /// <summary>Plural, lower-case: <c>deployments</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>Group of <see cref="Resource"/>. For a <c>/scale</c> it is the parent's, while the kind is autoscaling/Scale.</summary>
    public required string ResourceGroup { get; init; }

    public required string SubResource { get; init; }

    public required string Name { get; init; }

    public required string Namespace { get; init; }

    public required Operation Operation { get; init; }

    public required Requester Requester { get; init; }

    public required bool DryRun { get; init; }

    /// <summary>Undefined if the request has none. Without what a <see cref="LeanCopy"/> leaves out.</summary>
    public required JsonElement Object { get; init; }

    /// <summary>As <see cref="Object"/>; see <see cref="SharesTemplate"/>.</summary>
    public required JsonElement OldObject { get; init; }

    /// <summary>
    /// The <c>spec.template</c> of <see cref="OldObject"/> is not in it: it is that of <see cref="Object"/>. True for kinds only whose pod
    /// template that is.
    /// </summary>
    public bool SharesTemplate { get; init; }

    /// <summary>The uid of the object, which the API server gives it before the validating webhooks; empty if it has none.</summary>
    public string ObjectUid => Text(Metadata, "uid") ?? "";

    /// <summary>The name of the object. A deletion of a whole collection names none in the request.</summary>
    public string ObjectName => Name.Length > 0 ? Name : Text(Metadata, "name") ?? "";

    private JsonElement Metadata => Child(Object.ValueKind is JsonValueKind.Object ? Object : OldObject, "metadata");

    /// <summary>The options of the write or delete; undefined if the request has none.</summary>
    public required JsonElement Options { get; init; }

    /// <summary>Reads the request of a body, from which a <see cref="LeanCopy"/> may have left something out.</summary>
    /// <exception cref="ReviewException">The body is no v1 AdmissionReview with a uid.</exception>
    /// <exception cref="MalformedReviewException">The review has a uid, but its request cannot be read.</exception>
    public static Review Read(ReviewBody body) => Read(body.Root) with { SharesTemplate = body.SharesTemplate };

    /// <summary>The same for a review of which nothing was left out.</summary>
    public static Review Read(JsonElement root)
    {
        if (Text(root, "kind") != "AdmissionReview" || Text(root, "apiVersion") != ApiVersion)
        {
            throw NotAReview($"expected kind AdmissionReview of {ApiVersion}, found {Show(root, "kind")} of {Show(root, "apiVersion")}");
        }

        var request = Child(root, "request");
        if (request.ValueKind is not JsonValueKind.Object || Text(request, "uid") is not { Length: > 0 } uid)
        {
            throw NotAReview("request.uid is missing");
        }

        var kind = Child(request, "kind");
        var resource = Child(request, "resource");
        return new Review
        {
            Uid = uid,
            Group = Text(kind, "group") ?? "",
            Kind = Text(kind, "kind") ?? throw new MalformedReviewException(uid, "request.kind.kind", "is missing"),
            Resource = Text(resource, "resource") ?? "",
            ResourceGroup = Text(resource, "group") ?? "",
            SubResource = Text(request, "subResource") ?? "",
            Name = Text(request, "name") ?? "",
            Namespace = Text(request, "namespace") ?? "",
            Operation = ReadOperation(request, uid),
            Requester = ReadRequester(Child(request, "userInfo")),
            DryRun = request.TryGetProperty("dryRun", out var dryRun) && dryRun.ValueKind is JsonValueKind.True,
            Object = Child(request, "object"),
            OldObject = Child(request, "oldObject"),
            Options = Child(request, "options"),
        };
    }

    private static Operation ReadOperation(JsonElement request, string uid) =>
        Text(request, "operation") switch
        {
            "CREATE" => Operation.Create,
            "UPDATE" => Operation.Update,
            "DELETE" => Operation.Delete,
            var other => throw new MalformedReviewException(
                uid,
                "request.operation",
                $"expected CREATE, UPDATE or DELETE, found {other ?? "nothing"}"
            ),
        };

    private static Requester ReadRequester(JsonElement user)
    {
        string[] groups =
            user.ValueKind is JsonValueKind.Object && user.TryGetProperty("groups", out var list) && list.ValueKind is JsonValueKind.Array
                ? [.. list.EnumerateArray().Where(g => g.ValueKind is JsonValueKind.String).Select(g => g.GetString() ?? "")]
                : [];
        return new Requester(Text(user, "username") ?? "", Text(user, "uid") ?? "", groups);
    }

    private static JsonElement Child(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind is not JsonValueKind.Null
            ? value
            : default;

    private static string? Text(JsonElement owner, string name) =>
        owner.ValueKind is JsonValueKind.Object && owner.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String
            ? value.GetString()
            : null;

    private static string Show(JsonElement owner, string name) =>
        Text(owner, name) is { Length: > 0 and < 80 } text ? text : "nothing that fits";

    private static ReviewException NotAReview(string problem) =>
        new(StatusCodes.Status400BadRequest, $"the body is not a valid AdmissionReview: {problem}");
}

/// <summary>A review with a uid and a request that cannot be read. It is answered with a refusal.</summary>
internal sealed class MalformedReviewException(string uid, string message, int code) : Exception(message)
{
    public MalformedReviewException(string uid, string path, string problem)
        : this(uid, $"{path}: {problem}", StatusCodes.Status400BadRequest) { }

    public string Uid { get; } = uid;

    /// <summary>The HTTP status for the client of the API server.</summary>
    public int Code { get; } = code;
}

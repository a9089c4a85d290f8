using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using DeployGuard.Core.Policies;
using DeployGuard.Webhook.Reviews;

namespace DeployGuard.Webhook.Tests;

/// <summary>Every field of a review gets every JSON type: the webhook decides or names the problem, and never fails.</summary>
public class AnyTypeAnywhereTests
{
    private const string Policy = """
        {"metadata": {"name": "tier-1"},
         "spec": {"images": {"pin": "Digest", "unreadable": "Refuse"},
                  "approval": {"quorum": [{"groups": ["senior-engineers"], "count": 1}]},
                  "canary": {"steps": [5, 25, 50]}, "budget": {"maxConcurrentRollouts": 3}}}
        """;

    private static readonly string?[] s_values =
    [
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "99999999999999999999",
        "\"\"",
        "\"text\"",
        "[]",
        "[null]",
        "[\"x\"]",
        "{}",
        "{\"x\":1}",
        "{\"x\":null}",
    ];

    private static readonly string[] s_metadata =
    [
        """{"name": "web", "generateName": "web-", "namespace": "shop", "uid": "1", "resourceVersion": "7", "generation": 2, "creationTimestamp": "2026-01-01T00:00:00Z",""",
        """ "labels": {"app": "web"}, "annotations": {"deployguard.io/authors": "alice"}, "finalizers": ["a/b"], "deletionTimestamp": "2026-01-01T00:00:00Z",""",
        """ "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "2", "controller": true, "blockOwnerDeletion": true}]}""",
    ];

    private const string PodSpec = """
        {"serviceAccountName": "web", "nodeName": "node-1", "nodeSelector": {"a": "b"}, "hostNetwork": true, "activeDeadlineSeconds": 60,
         "affinity": {"nodeAffinity": {}}, "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
         "initContainers": [{"name": "log", "image": "log:1", "restartPolicy": "Always"}],
         "containers": [{"name": "web", "image": "web:1", "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}], "readinessProbe": {"httpGet": {"port": 80}},
           "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['x']"}}}],
           "volumeMounts": [{"name": "kube-api-access-bcdfg", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true}]}],
         "ephemeralContainers": [{"name": "debugger-bcdfg", "image": "sh:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
         "volumes": [{"name": "kube-api-access-bcdfg", "projected": {"defaultMode": 420, "sources": [
             {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
             {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
             {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}},
           {"name": "model", "image": {"reference": "model:1"}}]}
        """;

    private static readonly string s_template = $$$"""
        {"metadata": {"labels": {"app": "web"}, "finalizers": ["a/b"],
           "annotations": {"sidecar.istio.io/proxyImage": "proxy:1", "sidecar.opentelemetry.io/inject": "mine", "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}},
         "spec": {{{PodSpec}}}}
        """;

    private RunningWebhook _webhook = null!;

    private static readonly Dictionary<string, (string Group, string Kind, string Resource, string SubResource, string Body)> s_objects =
        new()
        {
            ["Deployment"] = (
                "apps",
                "Deployment",
                "deployments",
                "",
                $$$"""
                "spec": {"replicas": 3, "paused": false, "minReadySeconds": 5, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
                  "selector": {"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
                  "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}}, "template": {{{s_template}}}}
                """
            ),
            ["StatefulSet"] = (
                "apps",
                "StatefulSet",
                "statefulsets",
                "",
                $$$"""
                "spec": {"replicas": 3, "ordinals": {"start": 1}, "selector": {"matchLabels": {"app": "web"}},
                  "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 2, "maxUnavailable": 1}},
                  "volumeClaimTemplates": [{"metadata": {"name": "data", "labels": {"a": "b"}}, "spec": {"resources": {"requests": {"storage": "1Gi"} } } }],
                  "template": {{{s_template}}}}
                """
            ),
            ["DaemonSet"] = (
                "apps",
                "DaemonSet",
                "daemonsets",
                "",
                $$$"""
                "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]} } },
                "status": {"desiredNumberScheduled": 3}
                """
            ),
            ["ReplicationController"] = (
                "",
                "ReplicationController",
                "replicationcontrollers",
                "",
                """
                "spec": {"replicas": 3, "selector": {"app": "web"}, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}
                """
            ),
            ["Pod"] = ("", "Pod", "pods", "", $""" "spec": {PodSpec} """),
            ["Job"] = (
                "batch",
                "Job",
                "jobs",
                "",
                """
                "spec": {"parallelism": 2, "suspend": false, "selector": {"matchLabels": {"a": "b"}}, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}
                """
            ),
            ["CronJob"] = (
                "batch",
                "CronJob",
                "cronjobs",
                "",
                """
                "spec": {"schedule": "* * * * *", "suspend": false, "concurrencyPolicy": "Allow",
                  "jobTemplate": {"spec": {"parallelism": 2, "suspend": false, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}}}}
                """
            ),
            ["Service"] = (
                "",
                "Service",
                "services",
                "",
                """
                "spec": {"selector": {"app": "web"}, "type": "ClusterIP", "externalName": "x", "publishNotReadyAddresses": false, "internalTrafficPolicy": "Local",
                  "externalTrafficPolicy": "Local", "trafficDistribution": "PreferClose", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "externalIPs": ["1.2.3.4"],
                  "loadBalancerIP": "1.2.3.4", "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP", "nodePort": 30000}]},
                "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "hostname": "a.b"}]}}
                """
            ),
            ["EndpointSlice"] = (
                "discovery.k8s.io",
                "EndpointSlice",
                "endpointslices",
                "",
                """ "addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], "ports": [{"port": 80}] """
            ),
            ["Endpoints"] = (
                "",
                "Endpoints",
                "endpoints",
                "",
                """ "subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}] """
            ),
            ["Namespace"] = (
                "",
                "Namespace",
                "namespaces",
                "",
                """ "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"} """
            ),
            ["Scale"] = ("autoscaling", "Scale", "deployments", "scale", """ "spec": {"replicas": 3}, "status": {"replicas": 3} """),
            ["ControllerRevision"] = (
                "apps",
                "ControllerRevision",
                "controllerrevisions",
                "",
                """ "revision": 3, "data": {"spec": {"template": {"spec": {}}}} """
            ),
        };

    private static readonly Dictionary<string, (string Resource, string Spec)> s_records = new()
    {
        ["SafeguardPolicy"] = (
            "safeguardpolicies",
            """
            {"mode": "Enforce", "dryRun": "Warn", "match": {"namespaceSelector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, "kinds": ["Pod"]},
             "active": {"from": "2026-01-01T00:00:00Z", "until": "2026-02-01T00:00:00Z"},
             "images": {"pin": "Digest", "unreadable": "Warn", "injectionAnnotations": {"image": ["a/b"], "version": ["c/d"], "other": ["e/*"]}}, "origin": {"unknown": "Human"},
             "approval": {"required": "Always", "covers": "Images", "separation": "Strict", "monitors": ["m"], "bots": ["b"], "maxAge": "72h", "quorum": [{"groups": ["g"], "count": 1}]},
             "canary": {"required": "Always", "covers": "Images", "steps": [5], "soak": "10m", "accept": ["Pool"], "pace": {"percent": 25, "minReady": "1m"}, "coldAfter": "1h"},
             "budget": {"maxConcurrentRollouts": 1, "per": "Cluster", "hangAfter": "1h"}, "freeze": {"message": "m", "announce": "24h"},
             "exempt": {"users": ["u"], "groups": ["g"], "serviceAccounts": ["a/b"]}}
            """
        ),
        ["ChangeApproval"] = (
            "changeapprovals",
            $$$"""
            {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v2:{{{new string(
                '0',
                64
            )}}}", "images": ["web@sha256:0"], "decision": "Approve", "reason": "r",
             "approver": {"username": "alice", "uid": "1", "groups": ["senior-engineers"]}, "expiresAt": "2027-01-01T00:00:00Z"}
            """
        ),
        ["BreakGlass"] = (
            "breakglasses",
            """
            {"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "incident": "INC-1", "reason": "r", "safeguards": ["Approval"], "for": ["alice"],
             "expiresAt": "2027-01-01T00:00:00Z", "createdBy": {"username": "alice", "uid": "1", "groups": ["senior-engineers"]}}
            """
        ),
        ["Change"] = (
            "changes",
            """{"workload": {"apiGroup": "apps", "kind": "Deployment", "name": "web"}, "templateHash": "v2:0", "images": [{"path": "p", "to": "web:1"}], "diff": ["d"]}"""
        ),
    };

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        var policy = PolicyReader.Read(JsonDocument.Parse(Policy).RootElement);
        Assert.That(policy.Errors, Is.Empty);
        _webhook = await RunningWebhook.StartAsync(policy);
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await _webhook.DisposeAsync();

    public static IEnumerable<string> Objects() => s_objects.Keys;

    public static IEnumerable<string> Records() => s_records.Keys;

    [TestCaseSource(nameof(Objects))]
    public async Task AnObjectIsEvaluatedOrRefusedWithThePath(string name)
    {
        var (group, kind, resource, subResource, body) = s_objects[name];
        var obj = Parse(
            $$$"""{"apiVersion": "{{{(group.Length > 0 ? $"{group}/v1" : "v1")}}}", "kind": "{{{kind}}}", "metadata": {{{string.Concat(s_metadata)}}}, {{{body}}}}"""
        );

        await TryAllAsync(
            "/admit/workloads",
            obj,
            (operation, requested, old) => Review(operation, group, kind, resource, subResource, requested, old)
        );
    }

    [TestCaseSource(nameof(Records))]
    public async Task ARecordIsEvaluatedOrRefusedWithThePath(string kind)
    {
        var (resource, spec) = s_records[kind];
        var obj = Parse(
            $$$"""{"apiVersion": "deployguard.io/v1alpha1", "kind": "{{{kind}}}", "metadata": {{{string.Concat(s_metadata)}}}, "spec": {{{spec}}}}"""
        );
        string Of(string operation, JsonNode? requested, JsonNode? old) =>
            Review(operation, "deployguard.io", kind, resource, "", requested, old);

        await TryAllAsync("/admit/records", obj, Of);
        await TryAllAsync("/stamp", obj, Of);
    }

    [Test]
    public async Task AReviewIsAnsweredOrRefusedWhateverIsAroundItsObject()
    {
        var review = Parse(Reviews.Update());
        foreach (var body in Variants(review))
        {
            using var response = await _webhook.PostAsync("/admit/workloads", body.ToJsonString());
            Assert.That(response.StatusCode, Is.AnyOf(HttpStatusCode.OK, HttpStatusCode.BadRequest), body.ToJsonString());
        }
    }

    [TestCase("\\ud800")]
    [TestCase("\\udc00x")]
    [TestCase("x\\uDBFFx")]
    public async Task AnUnpairedSurrogateIsRefusedByUidBecauseAFailedCallMayPass(string half)
    {
        foreach (var place in (string[])["\"image\":\"", "\"name\":\"", "\"username\":\"", "\"deployguard.io/ai-assisted\":\""])
        {
            var review = Reviews.Update().Replace(place, $"{place}{half}");
            var response = await _webhook.SendAsync("/admit/workloads", review);

            Assert.That(review, Does.Contain(half));
            Assert.That(response.GetProperty("uid").GetString(), Is.EqualTo("u-1"));
            Assert.That(response.GetProperty("allowed").GetBoolean(), Is.False);
            Assert.That(
                response.GetProperty("status").GetProperty("message").GetString(),
                Does.Contain("unpaired surrogate escape at byte")
            );
        }
    }

    [Test]
    public async Task AKeyWithAnUnpairedSurrogateIsRefusedByUid()
    {
        var response = await _webhook.SendAsync(
            "/admit/workloads",
            Reviews.Update().Replace("\"deployguard.io/ai-assisted\"", "\"\\ud800\"")
        );

        Assert.That(response.GetProperty("allowed").GetBoolean(), Is.False);
        Assert.That(response.GetProperty("status").GetProperty("code").GetInt32(), Is.EqualTo(400));
    }

    [Test]
    public async Task InvalidUtf8IsRefusedByUid()
    {
        var body = System.Text.Encoding.Latin1.GetBytes(Reviews.Update().Replace("\"image\":\"", "\"image\":\"\u00ff"));

        var response = await _webhook.SendAsync("/admit/workloads", body);

        Assert.That(response.GetProperty("uid").GetString(), Is.EqualTo("u-1"));
        Assert.That(response.GetProperty("status").GetProperty("message").GetString(), Does.Contain("the body is not UTF-8"));
    }

    [Test]
    public async Task PairedSurrogatesAreAccepted()
    {
        var response = await _webhook.SendAsync(
            "/admit/workloads",
            Reviews
                .Update()
                .Replace("\"deployguard.io/ai-assisted\":\"true\"", "\"deployguard.io/ai-assisted\":\"\\ud83d\\ude00 \\\\ud800\"")
        );

        Assert.That(response.GetProperty("status").GetProperty("message").GetString(), Does.Contain("ApprovalMissing"));
    }

    private async Task TryAllAsync(string path, JsonNode obj, Func<string, JsonNode?, JsonNode?, string> review)
    {
        var count = 0;
        foreach (var broken in Variants(obj))
        {
            foreach (
                var body in (string[])
                    [
                        review("CREATE", broken, null),
                        review("UPDATE", broken, obj),
                        review("UPDATE", obj, broken),
                        review("DELETE", null, broken),
                    ]
            )
            {
                using var response = await _webhook.PostAsync(path, body);
                var answer = await response.Content.ReadAsStringAsync();
                Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), $"{answer}\n{body}");
                Assert.That(
                    JsonDocument.Parse(answer).RootElement.GetProperty("response").GetProperty("uid").GetString(),
                    Is.EqualTo("u-1")
                );
                count++;
            }
        }

        Assert.That(count, Is.GreaterThan(100));
    }

    /// <summary>The document with each value in the place of each of its own, one at a time.</summary>
    private static IEnumerable<JsonNode> Variants(JsonNode document)
    {
        var places = Places(document, []).ToList();
        return from place in places
            from value in s_values
            select With(document, place, value is "null" ? null : JsonNode.Parse(value ?? ""));
    }

    private static IEnumerable<IReadOnlyList<object>> Places(JsonNode? node, IReadOnlyList<object> path) =>
        (path.Count > 0 ? (IEnumerable<IReadOnlyList<object>>)[path] : []).Concat(
            node switch
            {
                JsonObject members => members.SelectMany(m => Places(m.Value, [.. path, m.Key])),
                JsonArray items => items.SelectMany((item, i) => Places(item, [.. path, i])),
                _ => [],
            }
        );

    private static JsonNode With(JsonNode document, IReadOnlyList<object> place, JsonNode? value)
    {
        var copy = document.DeepClone();
        var owner = place
            .Take(place.Count - 1)
            .Aggregate(
                copy,
                (node, step) => (step is string name ? node[name] : node[(int)step]) ?? throw new InvalidOperationException("no such place")
            );
        switch (place[^1])
        {
            case string name:
                owner[name] = value;
                break;
            case var index:
                owner[(int)index] = value;
                break;
        }

        return copy;
    }

    private static string Review(
        string operation,
        string group,
        string kind,
        string resource,
        string subResource,
        JsonNode? obj,
        JsonNode? old
    ) =>
        new JsonObject
        {
            ["apiVersion"] = "admission.k8s.io/v1",
            ["kind"] = "AdmissionReview",
            ["request"] = new JsonObject
            {
                ["uid"] = "u-1",
                ["kind"] = new JsonObject
                {
                    ["group"] = group,
                    ["version"] = "v1",
                    ["kind"] = kind,
                },
                ["resource"] = new JsonObject
                {
                    ["group"] = group == "autoscaling" ? "apps" : group,
                    ["version"] = "v1",
                    ["resource"] = resource,
                },
                ["subResource"] = subResource,
                ["name"] = "web",
                ["namespace"] = "shop",
                ["operation"] = operation,
                ["userInfo"] = new JsonObject { ["username"] = "dana", ["groups"] = new JsonArray("developers") },
                ["object"] = obj?.DeepClone(),
                ["oldObject"] = old?.DeepClone(),
                ["dryRun"] = false,
            },
        }.ToJsonString();

    private static JsonNode Parse(string json) => JsonNode.Parse(json) ?? throw new InvalidOperationException("no JSON");
}

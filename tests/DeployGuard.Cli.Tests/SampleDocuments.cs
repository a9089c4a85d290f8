using System.Text.Json.Nodes;

namespace DeployGuard.Cli.Tests;

/// <summary>
/// A full, valid document of every kind that a command reads from a file, by the file's name, and the command that reads it.
/// </summary>
internal static class SampleDocuments
{
    private const string Digest = "registry.example.com/web@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string Hash = "v2:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string Kubeconfig = "kubeconfig";
    public const string Canary = "canary.json";

    // Nothing listens here.
    private const string NoServer = "http://127.0.0.1:1";

    private const string PodSpec = """
        {
          "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
          "serviceAccountName": "web", "serviceAccount": "web", "automountServiceAccountToken": true, "nodeSelector": {"disk": "ssd"}, "nodeName": "n1",
          "hostNetwork": false, "priority": 0, "priorityClassName": "high", "preemptionPolicy": "PreemptLowerPriority", "enableServiceLinks": true, "runtimeClassName": "kata",
          "overhead": {"cpu": "10m"}, "activeDeadlineSeconds": 600, "hostname": "web", "subdomain": "web", "imagePullSecrets": [{"name": "pull"}], "readinessGates": [{"conditionType": "ready"}],
          "securityContext": {"runAsNonRoot": true, "fsGroup": 1, "sysctls": [{"name": "a", "value": "b"}], "seccompProfile": {"type": "RuntimeDefault"}},
          "tolerations": [{"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}],
          "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}}}],
          "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}]}}},
          "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["a"]}], "dnsConfig": {"nameservers": ["10.0.0.1"], "options": [{"name": "ndots", "value": "2"}]},
          "initContainers": [{"name": "side", "image": "@Digest", "restartPolicy": "Always"}],
          "ephemeralContainers": [{"name": "debug", "image": "@Digest", "targetContainerName": "web"}],
          "containers": [{
            "name": "web", "image": "@Digest", "imagePullPolicy": "IfNotPresent", "command": ["web"], "args": ["--on"], "workingDir": "/", "tty": false,
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "ports": [{"name": "http", "containerPort": 8080, "hostPort": 0, "protocol": "TCP"}],
            "env": [{"name": "A", "value": "b"}, {"name": "B", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['app']"}}}, {"name": "C", "valueFrom": {"resourceFieldRef": {"containerName": "web", "resource": "limits.cpu", "divisor": "1"}}}],
            "envFrom": [{"prefix": "a", "configMapRef": {"name": "c", "optional": true}}], "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}, "claims": [{"name": "gpu"}]},
            "volumeMounts": [{"name": "kube-api-access-abcde", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount", "readOnly": true, "subPath": "a"}], "volumeDevices": [{"name": "d", "devicePath": "/dev/a"}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080, "scheme": "HTTP", "httpHeaders": [{"name": "a", "value": "b"}]}, "periodSeconds": 10},
            "livenessProbe": {"exec": {"command": ["a"]}}, "startupProbe": {"tcpSocket": {"port": "http"}}, "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
            "securityContext": {"privileged": false, "capabilities": {"drop": ["ALL"]}}
          }],
          "volumes": [
            {"name": "kube-api-access-abcde", "projected": {"defaultMode": 420, "sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}, {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}, {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}},
            {"name": "podinfo", "downwardAPI": {"defaultMode": 420, "items": [{"path": "a", "fieldRef": {"fieldPath": "metadata.annotations['a']"}}]}},
            {"name": "code", "image": {"reference": "@Digest", "pullPolicy": "IfNotPresent"}},
            {"name": "data", "ephemeral": {"volumeClaimTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}},
            {"name": "c", "configMap": {"name": "c", "items": [{"key": "a", "path": "b"}]}}, {"name": "s", "secret": {"secretName": "s", "defaultMode": 420}}, {"name": "e", "emptyDir": {}}
          ]
        }
        """;

    private const string Metadata = """
        {"name": "web", "namespace": "shop", "uid": "u-1", "resourceVersion": "7", "generation": 2, "creationTimestamp": "2026-11-23T10:00:00Z", "labels": {"app": "web"},
         "annotations": {"deployguard.io/ai-assisted": "true", "deployguard.io/change-id": "r-1", "kubectl.kubernetes.io/restartedAt": "2026-11-23T10:00:00Z"},
         "finalizers": ["a/b"], "ownerReferences": [{"apiVersion": "apps/v1", "kind": "X", "name": "x", "uid": "u-2", "controller": true, "blockOwnerDeletion": true}]}
        """;

    private const string Template = """
        {"metadata": {"labels": {"app": "web", "pod-template-hash": "abc"}, "annotations": {"sidecar.istio.io/proxyImage": "@Digest", "kubectl.kubernetes.io/restartedAt": "2026-11-23T10:00:00Z"}}, "spec": "@PodSpec"}
        """;

    // A template is read the same way in every kind.
    private const string SmallTemplate =
        """{"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "@Digest"}]}}""";

    private const string Selector =
        """{"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}""";

    private const string Workload = """{"apiGroup": "apps", "kind": "Deployment", "name": "web"}""";

    /// <summary>By file name: JSON on one line.</summary>
    public static IReadOnlyDictionary<string, string> All { get; } =
        new Dictionary<string, string>
        {
            ["deployment.json"] =
                """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": "@Metadata", "spec": {"replicas": 3, "paused": false, "minReadySeconds": 0, "selector": "@Selector", "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}}, "template": "@Template"}, "status": {"replicas": 3, "observedGeneration": 2, "conditions": [{"type": "Available", "status": "True"}]}}""",
            ["statefulset.json"] =
                """{"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": "@Metadata", "spec": {"replicas": 3, "serviceName": "web", "selector": "@Selector", "podManagementPolicy": "OrderedReady", "ordinals": {"start": 1}, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1, "maxUnavailable": 1}}, "volumeClaimTemplates": [{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "labels": {"a": "b"}}, "spec": {"accessModes": ["ReadWriteOnce"], "volumeMode": "Filesystem", "resources": {"requests": {"storage": "1Gi"}}}, "status": {"phase": "Pending"}}], "template": "@SmallTemplate"}}""",
            ["daemonset.json"] =
                """{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": "@Metadata", "spec": {"selector": "@Selector", "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}, "template": "@SmallTemplate"}, "status": {"desiredNumberScheduled": 3}}""",
            ["replicaset.json"] =
                """{"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": "@Metadata", "spec": {"replicas": 3, "selector": "@Selector", "template": "@SmallTemplate"}}""",
            ["replicationcontroller.json"] =
                """{"apiVersion": "v1", "kind": "ReplicationController", "metadata": "@Metadata", "spec": {"replicas": 3, "selector": {"app": "web"}, "template": "@SmallTemplate"}}""",
            ["job.json"] =
                """{"apiVersion": "batch/v1", "kind": "Job", "metadata": "@Metadata", "spec": {"parallelism": 1, "completions": 1, "suspend": false, "manualSelector": false, "selector": "@Selector", "template": "@SmallTemplate"}}""",
            ["cronjob.json"] =
                """{"apiVersion": "batch/v1", "kind": "CronJob", "metadata": "@Metadata", "spec": {"schedule": "* * * * *", "suspend": false, "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"parallelism": 1, "suspend": false, "template": "@SmallTemplate"}}}}""",
            ["pod.json"] =
                """{"apiVersion": "v1", "kind": "Pod", "metadata": "@Metadata", "spec": "@PodSpec", "status": {"phase": "Pending"}}""",
            ["list.json"] =
                """{"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [{"name": "a", "image": "a:1"}]}}]}""",
            ["namespace.json"] =
                """{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"tier": "1"}, "annotations": {"a": "b"}}, "spec": {"finalizers": ["kubernetes"]}}""",
            ["service.json"] =
                """{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}}""",
            ["rollout.json"] =
                """{"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "metadata": {"name": "web"}, "spec": {"template": {"spec": {"containers": [{"name": "a", "image": "a:1"}]}}}}""",
            ["policy.json"] =
                """{"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "tier-1"}, "spec": {"mode": "Enforce", "dryRun": "Warn", "match": {"kinds": ["Deployment"], "namespaceSelector": {"matchLabels": {"tier": "1"}, "matchExpressions": [{"key": "tier", "operator": "In", "values": ["1"]}]}, "workloadSelector": {"matchLabels": {"app": "web"}}}, "active": {"from": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}, "images": {"pin": "Digest"}, "origin": {"unknown": "AiAssisted"}, "approval": {"required": "AiAssisted", "covers": "Images", "separation": "Strict", "monitors": ["m"], "bots": ["b"], "quorum": [{"groups": ["senior"], "count": 1}], "maxAge": "72h"}, "canary": {"required": "Always", "covers": "Template", "steps": [5, 25], "soak": "10m", "pace": {"percent": 25, "minReady": "1m"}, "coldAfter": "1h"}, "budget": {"maxConcurrentRollouts": 1, "per": "Namespace", "hangAfter": "1h"}, "freeze": {"message": "Peak.", "announce": "24h"}, "exempt": {"users": ["u"], "groups": ["g"], "serviceAccounts": ["a/b"]}}}""",
            ["approval.json"] =
                """{"apiVersion": "deployguard.io/v1alpha1", "kind": "ChangeApproval", "metadata": {"name": "a", "namespace": "shop", "creationTimestamp": "2026-11-23T10:00:00Z"}, "spec": {"workload": "@Workload", "templateHash": "@Hash", "images": ["@Digest"], "decision": "Approve", "approver": {"username": "alice", "uid": "u", "groups": ["senior"]}, "reason": "good", "expiresAt": "2027-01-01T00:00:00Z"}}""",
            ["breakglass.json"] =
                """{"apiVersion": "deployguard.io/v1alpha1", "kind": "BreakGlass", "metadata": {"name": "b", "namespace": "shop", "creationTimestamp": "2026-11-23T10:00:00Z"}, "spec": {"workload": "@Workload", "waives": ["Approval"], "incident": "I-1", "reason": "down", "for": "bob", "expiresAt": "2027-01-01T00:00:00Z", "requestedBy": {"username": "carol", "uid": "u", "groups": ["senior"]}}}""",
            ["change.json"] =
                """{"apiVersion": "deployguard.io/v1alpha1", "kind": "Change", "metadata": {"name": "c", "namespace": "shop"}, "spec": {"workload": "@Workload", "templateHash": "@Hash", "images": [{"path": "p", "from": "a", "to": "@Digest"}]}, "status": {"phase": "Completed", "templateHash": "@Hash", "origin": {"kind": "Human", "evidence": [{"source": "s", "key": "k", "value": "v", "by": "b", "carried": true}]}, "requesters": [{"username": "bob", "at": "2026-11-23T10:00:00Z", "lastAt": "2026-11-23T10:00:00Z", "count": 1}], "ownedRevision": "web-1", "ownedUid": "u", "ownedHash": "h", "ownedServer": "1.32", "conditions": [{"type": "Completed", "status": "True", "lastTransitionTime": "2026-11-23T10:00:00Z"}, {"type": "Available", "status": "True", "lastTransitionTime": "2026-11-23T10:00:00Z"}], "policies": [{"name": "tier-1"}], "held": [{"policy": "p", "pool": "web", "percent": 5, "at": "2026-11-23T10:00:00Z"}], "canary": [{"policy": "p", "pool": "web", "step": 5, "pods": 1, "unproven": 1, "total": 20, "waits": "w", "soakEndsAt": "2026-11-23T10:00:00Z"}], "served": [{"pool": "web", "pods": 1, "at": "2026-11-23T10:00:00Z", "present": true, "most": 2, "trial": false, "selector": "s", "addresses": "a"}], "givenUp": [{"pool": "web", "selector": "s", "addresses": "a", "at": "2026-11-23T10:00:00Z"}], "missing": "approval", "completedPods": 3, "adopted": false, "breakGlass": [{"name": "b", "by": "carol", "at": "2026-11-23T10:00:00Z", "reviewedBy": "dave", "letIn": true}]}}""",
            ["before.json"] =
                """{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 3, "selector": "@Selector", "template": "@SmallTemplate"}}""",
            ["request.yaml"] = """{"user": {"username": "bob", "groups": ["developers"]}, "dryRun": true, "now": "2026-11-23T12:00:00Z"}""",
            [Canary] =
                """{"apiVersion": "deployguard.io/v1alpha1", "kind": "SafeguardPolicy", "metadata": {"name": "c"}, "spec": {"canary": {"steps": [5, 25], "accept": ["Pool"]}}}""",
            [Kubeconfig] =
                """{"apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": "c", "clusters": [{"name": "k", "cluster": {"server": "@NoServer", "insecure-skip-tls-verify": true, "tls-server-name": "x", "proxy-url": "@NoServer"}}], "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u", "namespace": "shop"}}], "users": [{"name": "u", "user": {"token": "t", "username": "n", "password": "p", "as": "x", "as-groups": ["g"]}}], "extensions": []}""",
        }.ToDictionary(d => d.Key, d => JsonNode.Parse(Filled(d.Value))?.ToJsonString() ?? "", StringComparer.Ordinal);

    /// <summary>Whether only our own reader reads it, which knows the line of every error.</summary>
    public static bool AreOurs(string document) => document != Kubeconfig;

    /// <summary>The command that reads a document, with the other documents that it needs.</summary>
    /// <param name="at">Where a document of this name is.</param>
    public static string[] Command(string document, Func<string, string> at) =>
        document switch
        {
            Kubeconfig => ["changes", "--kubeconfig", at(document)],
            Canary => ["explain", "canary", "--policy", at(document)],
            "before.json" => ["check", "-f", at("deployment.json"), "--before", at(document), "--policies", at("policy.json")],
            "request.yaml" => ["check", "-f", Path.GetDirectoryName(at(document)) ?? ""],
            "rollout.json" => ["check", "-f", at(document), "--workload-kinds", "rollouts.argoproj.io/Rollout=spec.template"],
            "policy.json" => ["check", "-f", at("deployment.json"), at("namespace.json"), "--policies", at(document)],
            "namespace.json" or "approval.json" or "breakglass.json" or "change.json" =>
            [
                "check",
                "-f",
                at("deployment.json"),
                at(document),
                "--policies",
                at("policy.json"),
                "--as",
                "bob",
            ],
            _ => ["check", "-f", at(document), "--policies", at("policy.json"), "--as", "bob"],
        };

    /// <summary>Whether a file may hold several of these documents.</summary>
    public static bool MayBeMany(string document) => document is not (Kubeconfig or Canary or "request.yaml");

    private static string Filled(string document) =>
        document
            .Replace("\"@Template\"", Template, StringComparison.Ordinal)
            .Replace("\"@SmallTemplate\"", SmallTemplate, StringComparison.Ordinal)
            .Replace("\"@PodSpec\"", PodSpec, StringComparison.Ordinal)
            .Replace("\"@Metadata\"", Metadata, StringComparison.Ordinal)
            .Replace("\"@Selector\"", Selector, StringComparison.Ordinal)
            .Replace("\"@Workload\"", Workload, StringComparison.Ordinal)
            .Replace("@Digest", Digest, StringComparison.Ordinal)
            .Replace("@Hash", Hash, StringComparison.Ordinal)
            .Replace("@NoServer", NoServer, StringComparison.Ordinal);
}

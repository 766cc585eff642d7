import Glibc
import KubernetesObjectStore
import ManagerHosting
import ObjectClient
import ObjectStore
import Objects
import ObjectText
import Primitives
import Serving
import Settings
import Web

/// `martlet-manager apply`, `get`, `describe` and `delete`: what kubectl does, of the manager's kinds, without kubectl.
enum ObjectCommands {
    static let names = ["apply", "get", "describe", "delete"]

    private static let common = [
        Flag("kubeconfig", "FILE", "How to reach the API; else KUBECONFIG, else the manager's own", standard: nil),
        Flag("namespace", "NAMESPACE", "Where; else the kubeconfig's", short: "n"),
    ]
    private static let labels = Flag("selector", "LABELS", "Only objects with these labels: app=web,tier!=test", short: "l")

    static let commands = [
        Command(
            "apply", "Makes and changes objects as manifests say",
            flags: common + [
                Flag("filename", "PATH", "A file, a folder of *.yaml, *.yml and *.json, or - for stdin", isRepeatable: true, short: "f"),
                labels,
                Flag("prune", nil, "Also delete what was applied with --selector and is in the manifests no more", standard: "false"),
                Flag("dry-run", nil, "Only say what would be done", standard: "false"),
            ]),
        Command(
            "get", "Shows objects",
            flags: common + [
                labels, Flag("all-namespaces", nil, "Of all namespaces", standard: "false", short: "A"),
                Flag("output", "FORM", "table, wide, yaml, json or name", standard: "table", short: "o"),
                Flag("watch", nil, "Go on with changes as they come", standard: "false", short: "w"),
            ], arguments: ["KIND[/NAME]"], optionalArguments: ["NAME..."]),
        Command("describe", "Shows all of an object", flags: common, arguments: ["KIND[/NAME]"], optionalArguments: ["NAME..."]),
        Command(
            "delete", "Deletes objects",
            flags: common + [
                Flag("filename", "PATH", "Those of a file, a folder or -", isRepeatable: true, short: "f"), labels,
                Flag("wait", nil, "Wait until they are gone", standard: "true"),
                Flag("timeout", "SECONDS", "For how long to wait", standard: "300"),
            ], optionalArguments: ["KIND[/NAME]", "NAME..."]),
    ]

    /// Where `serve` writes it.
    static let kubeconfig = "\(ManagerSettings.standardStateDirectory)/kubeconfig"

    static func run(_ invocation: CommandLineParser.Invocation) throws(Failure) -> Never {
        let connection = try connection(invocation)
        let client = ObjectClient(KubeTransport(connection, http: try HTTPClient()))
        let session = ObjectSession(invocation, client: client, namespace: invocation.value("namespace") ?? connection.namespace)
        Task.detached {
            do throws(Failure) {
                switch invocation.path.first {
                case "apply": try await session.apply()
                case "get": try await session.get()
                case "describe": try await session.describe()
                default: try await session.delete()
                }
            } catch {
                ProgramEnd.fail(error, of: Program.name)
            }
            // What went wrong with one of several has been said.
            ProgramEnd.leave(session.hasFailed ? 1 : 0)
        }
        while true { pause() }
    }

    private static func connection(_ invocation: CommandLineParser.Invocation) throws(Failure) -> KubeConnection {
        if let file = invocation.value("kubeconfig") { return try KubeConnection.find(kubeconfig: file) }
        let isNamed = ProcessEnvironment.all["KUBECONFIG"].map { !$0.isEmpty } ?? false
        if !isNamed, Files.exists(kubeconfig) { return try KubeConnection.find(kubeconfig: kubeconfig) }
        do throws(Failure) {
            return try KubeConnection.find()
        } catch {
            guard !isNamed, error.message.hasPrefix("no kube-apiserver is known") else { throw error }
            throw Failure(
                .configuration,
                "no manager is known: start martlet-manager serve; its kubeconfig is STATE/kubeconfig (\(kubeconfig) without --manager.state-dir), for --kubeconfig or KUBECONFIG"
            )
        }
    }
}

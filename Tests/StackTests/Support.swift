import Glibc
import Primitives
import Synchronization
import Testing
import Web

@testable import Stack

/// Tests that start processes or need a free port, one after the other: a process holds our descriptors between fork and exec, and with
/// them the ports that another test has just given free.
@Suite(.serialized) enum ProcessTests {}

/// A folder that goes with the object.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/martlet-stack-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Failure(.environment, "mkdtemp: \(systemMessage(errno))") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in (try? Directory.names(path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String, mode: UInt32 = 0o644) throws {
        try Files.write(Array(text.utf8), to: file(name), mode: mode)
    }

    func lines(of name: String) -> [String] {
        ((try? Files.readLine(file(name))) ?? "").split(separator: "\n").map(String.init)
    }

    /// The paths of a stack's state in it, with the folders that a supervisor needs.
    func state() throws -> StatePaths {
        let paths = StatePaths(root: path)
        for folder in ["run", "log"] { try Files.makeDirectory(paths.path(folder)) }
        return paths
    }
}

/// Looks again and again until the condition holds or time is over.
func eventually(withinSeconds seconds: Double = 10, _ condition: () -> Bool) async -> Bool {
    let deadline = Deadline.after(seconds: seconds)
    while !condition() {
        if deadline.hasPassed { return false }
        try? await Task.sleep(for: .milliseconds(5))
    }
    return true
}

/// Keeps what is logged.
final class LogRecorder: Sendable {
    private let text = Mutex("")

    var logger: Logger { Logger(level: .debug, write: { [self] bytes in text.withLock { $0 += String(decoding: bytes, as: UTF8.self) } }) }

    var all: String { text.withLock { $0 } }
}

/// Ports that nobody listens on, each another.
func freePorts(_ count: Int) throws -> [UInt16] {
    let address = ListenAddress(host: "127.0.0.1", port: 0)
    // All are open before the first is closed, or the kernel might give one twice.
    let descriptors = try (0..<count).map { _ in try address.listen(origin: "test") }
    defer { for descriptor in descriptors { close(descriptor) } }
    return descriptors.map { address.bound(to: $0).port }
}

/// A plan at the shipped addresses.
func shippedPlan(stateDirectory: String = "/state") -> StackPlan {
    func place(_ port: UInt16, _ name: String) -> StackPlan.Place {
        StackPlan.Place(ListenAddress(host: "127.0.0.1", port: port), flag: "--\(name).listen-address")
    }
    var plan = StackPlan(
        stateDirectory: stateDirectory, exporter: place(9221, "web"), discovery: place(8000, "discovery"),
        prometheus: place(9090, "prometheus"),
        alertmanager: place(9093, "alertmanager"), nodeExporter: place(9100, "node-exporter"), webhook: place(9099, "webhook"))
    plan.hostName = "desk.example.org"
    plan.executable = "/usr/bin/martlet"
    return plan
}

/// Free places by their flags, `--NAME`.
func freePlaces(_ names: [String]) throws -> [StackPlan.Place] {
    zip(names, try freePorts(names.count)).map { name, port in
        StackPlan.Place(ListenAddress(host: "127.0.0.1", port: port), flag: "--\(name)")
    }
}

/// A plan on free ports, of programs that lie in a folder.
func freePlan(_ folder: TemporaryDirectory) throws -> StackPlan {
    let names = ["web", "discovery", "prometheus", "alertmanager", "node-exporter", "webhook"]
    let places = try freePlaces(names.map { "\($0).listen-address" })
    var plan = StackPlan(
        stateDirectory: folder.file("state"), exporter: places[0], discovery: places[1], prometheus: places[2], alertmanager: places[3],
        nodeExporter: places[4], webhook: places[5])
    plan.executable = folder.file("martlet")
    plan.programs.searchPath = folder.path
    return plan
}

func simulation(nodes: Int = 3) -> StackPlan.Simulation {
    func place(_ host: String, _ port: UInt16, _ name: String) -> StackPlan.Place {
        StackPlan.Place(ListenAddress(host: host, port: port), flag: "--simulate.\(name)")
    }
    return StackPlan.Simulation(
        cluster: "sim", nodeNames: (1...nodes).map { "pve\($0)" }, guests: 12, seed: 7, proxmox: place("127.0.0.1", 18006, "proxmox"),
        firstHost: place("127.0.0.11", 9100, "hosts"), firstGuest: "127.0.2.1", windowsPort: 9182,
        scenario: place("127.0.0.1", 18100, "scenario"), worldDirectory: "/state/world", token: Secret("root@pam!martlet=00000000"))
}

func cards() -> StackPlan.Cards {
    func place(_ port: UInt16, _ name: String) -> StackPlan.Place {
        StackPlan.Place(ListenAddress(host: "127.0.0.1", port: port), flag: "--simulate.\(name)")
    }
    return StackPlan.Cards(
        count: 8, control: place(18200, "gpu"), exporter: place(9835, "gpu-exporter"), library: "/lib/simulated/libnvidia-ml.so.1")
}

func hypervisor(stateDirectory: String = "/state") -> StackPlan.Hypervisor {
    func place(_ port: UInt16, _ name: String) -> StackPlan.Place {
        StackPlan.Place(ListenAddress(host: "127.0.0.1", port: port), flag: "--simulate.\(name)")
    }
    return StackPlan.Hypervisor(
        host: "kvm01", domains: 12, control: place(18400, "libvirt"), exporter: place(18401, "libvirt-exporter"),
        socket: StackPlan.SocketPlace.hypervisor(stateDirectory: stateDirectory))
}

func manager(stateDirectory: String = "/state", manifests: String? = nil) -> StackPlan.Manager {
    func place(_ port: UInt16, _ name: String) -> StackPlan.Place {
        StackPlan.Place(ListenAddress(host: "127.0.0.1", port: port), flag: "--\(name)")
    }
    return StackPlan.Manager(
        program: "/usr/bin/martlet-manager", metrics: place(8080, "manager.listen-address"), api: place(8070, "manager.api-address"),
        manifests: manifests,
        providers: [
            .init(kind: "simulated", metrics: place(8072, "simulate.provider-address"), stateDirectory: stateDirectory),
            .init(
                kind: "libvirt", metrics: place(8071, "manager.libvirt-address"), stateDirectory: stateDirectory,
                flags: ["--libvirt.uri", "qemu:///system"]),
        ])
}

/// A service of the shell.
func shellService(_ name: String, _ stage: Service.Stage = .simulators, _ script: String) -> Service {
    service(name, stage, program: "/bin/sh", ["-c", script])
}

func service(_ name: String, _ stage: Service.Stage = .simulators, program: String, _ arguments: [String] = []) -> Service {
    Service(
        name: name, stage: stage,
        request: ChildProcess.Request(program: program, arguments: arguments, environment: ["PATH": "/usr/bin:/bin"]),
        url: "http://127.0.0.1:1", probe: Probe(url: "http://127.0.0.1:1/"))
}

/// The message of the Failure that the body throws; nil when it throws none.
func failure(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return "\(error)"
    }
}

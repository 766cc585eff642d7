import Database
package import Primitives
import RPC

/// A hypervisor that is a file: what it is like follows from its records and the time, whoever looks.
package final class SimulatedHypervisor: Sendable {
    package let settings: SimulatedSettings
    private let database: Database
    private let clock: WallClock

    /// Errors: those of the file.
    package init(_ settings: SimulatedSettings, clock: WallClock = .system) async throws(Failure) {
        self.settings = settings
        self.clock = clock
        database = try await Database(settings.hypervisorFile, format: Self.format)
        let pools = settings.poolsGiB
        try await database.write { (connection) throws(Failure) in
            for (name, size) in pools.sorted(by: { $0.key < $1.key }) {
                try connection.run(
                    "INSERT INTO pools (name, capacity) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET capacity = excluded.capacity", name,
                    Int64(size) << 30)
            }
        }
    }

    package func close() async { await database.close() }

    /// One call of its interface: what the body does is done at once and wholly. A call may do its work and lose its answer.
    ///
    /// - Parameter changes: whether it changes anything; who may only look may not.
    func call<Value: Sendable>(
        _ name: String, changes: Bool = true, _ body: @escaping @Sendable (World) throws(Failure) -> Value
    ) async throws(RPCError) -> Value {
        try await hang(name)
        let (settings, now) = (settings, clock.unixSeconds)
        let answer: Answer<Value>
        do {
            answer = try await database.write { (connection) throws(Failure) in
                let faults = try Faults.read(settings.faultsFile)
                if faults.unreachable {
                    throw HypervisorError(reason: .unreachable, text: "the hypervisor cannot be reached: no route to it").failure
                }
                if faults.wrongCredentials {
                    throw HypervisorError(reason: .unauthenticated, text: "the hypervisor does not know who asks; check the credentials")
                        .failure
                }
                let world = World(connection: connection, settings: settings, faults: faults, now: now)
                try world.settle()
                if changes, faults.forbidden {
                    throw HypervisorError(
                        reason: .forbidden, text: "the hypervisor lets this user look and nothing else; give it the right"
                    ).failure
                }
                return Answer(value: try body(world), isLost: try world.losesAnswer(of: name))
            }
        } catch {
            throw HypervisorError.rpc(error)
        }
        if answer.isLost { throw RPCError(.unavailable, "the hypervisor's answer to \(name) did not arrive") }
        return answer.value
    }

    /// As long as the hypervisor hangs; nothing of the call is done before.
    private func hang(_ name: String) async throws(RPCError) {
        while (try? Faults.read(settings.faultsFile).hangs) == true {
            do {
                try await Task.sleep(for: .milliseconds(20))
            } catch {
                throw RPCError(.cancelled, "nobody waits any more for the hypervisor's answer to \(name)")
            }
        }
    }

    private struct Answer<Value: Sendable>: Sendable {
        let value: Value
        let isLost: Bool
    }

    /// Everything that is there, also what is half made: for tests. It goes past the faults.
    package func inventory() async throws(Failure) -> Inventory {
        let (settings, now) = (settings, clock.unixSeconds)
        return try await database.write { (connection) throws(Failure) in
            let world = World(connection: connection, settings: settings, faults: Faults(), now: now)
            try world.settle()
            return Inventory(machines: try world.machines(), volumes: try world.volumes(), snapshots: try world.snapshots())
        }
    }

    package struct Inventory: Sendable {
        package let machines: [Machine]
        package let volumes: [Volume]
        package let snapshots: [Snapshot]
    }

    private static let format = DatabaseFormat(
        name: "a simulated hypervisor", applicationID: 0x6D6C_7448,
        steps: [
            """
            CREATE TABLE pools (name TEXT PRIMARY KEY, capacity INTEGER NOT NULL) STRICT;
            CREATE TABLE machines (
                row INTEGER PRIMARY KEY AUTOINCREMENT,
                uuid TEXT NOT NULL UNIQUE,
                number INTEGER UNIQUE,
                name TEXT NOT NULL,
                power INTEGER NOT NULL,
                boots INTEGER NOT NULL DEFAULT 0,
                cpu INTEGER NOT NULL,
                memory INTEGER NOT NULL,
                hardware INTEGER NOT NULL DEFAULT 13,
                lock TEXT NOT NULL,
                mark TEXT NOT NULL,
                owner TEXT NOT NULL,
                tags TEXT NOT NULL,
                cards TEXT NOT NULL,
                snapshot INTEGER,
                complete INTEGER NOT NULL
            ) STRICT;
            CREATE TABLE volumes (
                row INTEGER PRIMARY KEY AUTOINCREMENT,
                name TEXT NOT NULL,
                pool TEXT NOT NULL REFERENCES pools (name),
                format TEXT NOT NULL,
                capacity INTEGER NOT NULL,
                written INTEGER NOT NULL,
                backing INTEGER REFERENCES volumes (row),
                machine INTEGER REFERENCES machines (row) ON DELETE SET NULL,
                label TEXT NOT NULL,
                use TEXT NOT NULL,
                content TEXT NOT NULL,
                mark TEXT NOT NULL,
                complete INTEGER NOT NULL,
                UNIQUE (pool, name)
            ) STRICT;
            CREATE TABLE snapshots (
                row INTEGER PRIMARY KEY AUTOINCREMENT,
                machine INTEGER NOT NULL REFERENCES machines (row) ON DELETE CASCADE,
                reference TEXT NOT NULL,
                name TEXT NOT NULL,
                description TEXT NOT NULL,
                parent INTEGER,
                memory INTEGER NOT NULL,
                cpu INTEGER NOT NULL,
                memory_mib INTEGER NOT NULL,
                power INTEGER NOT NULL,
                mark TEXT NOT NULL,
                complete INTEGER NOT NULL,
                UNIQUE (machine, reference)
            ) STRICT;
            CREATE TABLE kept (
                snapshot INTEGER NOT NULL REFERENCES snapshots (row) ON DELETE CASCADE,
                volume INTEGER NOT NULL REFERENCES volumes (row) ON DELETE CASCADE,
                content TEXT NOT NULL
            ) STRICT;
            CREATE TABLE tasks (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL UNIQUE,
                kind TEXT NOT NULL,
                subject TEXT NOT NULL,
                mark TEXT NOT NULL,
                arguments TEXT NOT NULL,
                started REAL NOT NULL,
                seconds REAL NOT NULL,
                fails REAL,
                deaf INTEGER NOT NULL,
                cancelled REAL,
                ended REAL,
                reason TEXT NOT NULL DEFAULT '',
                text TEXT NOT NULL DEFAULT '',
                result TEXT NOT NULL DEFAULT ''
            ) STRICT;
            CREATE TABLE lost (call TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT;
            """
        ])
}

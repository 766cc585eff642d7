import CollectorConformance
import Exporting
import Metrics
import ProxmoxCollector
import Testing

@Suite struct ConformanceTests {
    /// Names that dashboards know, and that break a rule.
    private static let exceptions: Set<String> = Set(
        ["pve_vm", "pve_lxc"].flatMap { prefix in
            ["cpu", "io", "memory"].flatMap { resource in ["some", "full"].map { "\(prefix)_pressure_\(resource)_\($0)" } }
        } + [
            "pve_cluster_nodes_total", "pve_node_cpus_total", "pve_node_vm_count", "pve_node_lxc_count", "pve_node_cpu_mhz",
            "pve_storage_used_fraction",
        ])
    private static let slowExceptions = exceptions.union([
        "pve_disk_power_on_hours", "pve_disk_available_spare_percent", "pve_disk_percentage_used", "pve_zfs_pool_frag_percent",
        "pve_ha_resources_total",
    ])

    /// The suite for a collector of the fake's cluster, in the given broken scenes.
    private static func violations(
        _ fake: FakeProxmox, name: String? = nil, deadlineSeconds: Double = 1, _ broken: [Scene]
    ) async throws -> [Violation] {
        let settings = try fake.settings(name: name)
        return await CollectorConformance(
            prefixes: ["pve_"], exceptions: exceptions, limits: .init(deadlineSeconds: deadlineSeconds),
            healthy: scene(fake, "healthy", .healthy) {
                for (path, texts) in WholeLab.shuffled { fake[path] = .data(texts) }
            },
            broken: broken
        ) { ProxmoxCollector(settings) }.violations()
    }

    private static func scene(
        _ fake: FakeProxmox, _ name: String, _ expectation: Scene.Expectation, leave: @escaping @Sendable () async -> Void = {},
        enter: @escaping @Sendable () async -> Void
    ) -> Scene {
        Scene(
            name, expectation, secrets: [FakeProxmox.secret],
            enter: {
                fake.set([:])
                await enter()
            }, leave: leave)
    }

    private static func dead(_ fake: FakeProxmox, _ name: String, _ answer: FakeProxmox.Answer) -> Scene {
        scene(fake, name, .dead) { fake.everything = answer }
    }

    /// One path never answers, all others do.
    private static func hanging(_ fake: FakeProxmox, _ path: String, part: String, survivors: Set<String>) -> Scene {
        let gate = Gate()
        return scene(fake, "\(path) hangs", .hanging(part: part, survivors: survivors), leave: { gate.open() }) {
            for (path, texts) in WholeLab.shuffled { fake[path] = .data(texts) }
            fake[path] = .hang(gate)
        }
    }

    @Test func `a cluster that is dead or lacks everything`() async throws {
        try await FakeProxmox.serve { fake in
            let lacking = Self.scene(
                fake, "nothing but names",
                .lacking(
                    families: Set(ProxmoxCollector(ProxmoxSettings(clusters: [], slow: .none)).catalogue.descriptors.map(\.name))
                        .subtracting([
                            "pve_version_info", "pve_cluster_nodes_total", "pve_cluster_nodes_online", "pve_node_up", "pve_node_vm_count",
                            "pve_node_lxc_count", "pve_guest_info", "pve_storage_info",
                        ]))
            ) { fake.set(WholeLab.bare) }
            let violations = try await Self.violations(
                fake,
                [
                    lacking, Self.dead(fake, "closed", .drop), Self.dead(fake, "refused", .refusal(401, "no \(FakeProxmox.token)")),
                    Self.dead(fake, "echo", .refusal(500, "bad header: PVEAPIToken=\(FakeProxmox.token)\\nX: y")),
                    Self.dead(fake, "forbidden", .refusal(403, "Permission check failed")),
                    Self.dead(fake, "unreachable", .refusal(595, "no route")),
                    Self.dead(fake, "html", .body("<html>maintenance</html>")), Self.dead(fake, "nothing", .data("null")),
                    Self.dead(fake, "empty", .body("")), Self.dead(fake, "another shape", .data("5")),
                ])
            #expect(violations.isEmpty)
        }
    }

    @Test(arguments: ["/version", "/cluster/status", "/cluster/resources"])
    func `a call of the cluster hangs`(path: String) async throws {
        try await FakeProxmox.serve { fake in
            // The nodes are asked in the second half of the time.
            let scene = Self.hanging(fake, path, part: "lab", survivors: ["lab", "lab/pve1", "lab/pve2"])
            let violations = try await Self.violations(fake, name: "lab", deadlineSeconds: 2, [scene])
            #expect(violations.isEmpty)
        }
    }

    @Test(arguments: ["status", "qemu?full=1", "lxc"])
    func `a call of a node hangs`(path: String) async throws {
        try await FakeProxmox.serve { fake in
            let scene = Self.hanging(fake, "/nodes/pve2/\(path)", part: "lab/pve2", survivors: ["lab", "lab/pve1"])
            let violations = try await Self.violations(fake, [scene])
            #expect(violations.isEmpty)
        }
    }

    @Test func `everything hangs`() async throws {
        try await FakeProxmox.serve { fake in
            let gate = Gate()
            let scene = Self.scene(fake, "all hang", .hanging(part: "lab", survivors: []), leave: { gate.open() }) {
                fake.everything = .hang(gate)
            }
            let violations = try await Self.violations(fake, name: "lab", [scene])
            #expect(violations.isEmpty)
        }
    }

    @Test func `one of two clusters hangs`() async throws {
        try await FakeProxmox.serve(WholeLab.table) { fine in
            try await FakeProxmox.serve { hung in
                let gate = Gate()
                let settings = ProxmoxSettings(clusters: [try hung.cluster(name: "hung"), try fine.cluster(name: "fine")], slow: .none)
                let violations = await CollectorConformance(
                    prefixes: ["pve_"], exceptions: Self.exceptions,
                    healthy: Self.scene(hung, "healthy", .healthy) { hung.set(WholeLab.table) },
                    broken: [
                        Self.scene(hung, "hangs", .hanging(part: "hung", survivors: ["fine", "fine/pve1"]), leave: { gate.open() }) {
                            hung.everything = .hang(gate)
                        }
                    ]
                ) { ProxmoxCollector(settings) }.violations()
                #expect(violations.isEmpty)
            }
        }
    }

    @Test func `the collector of requests conforms`() async throws {
        try await FakeProxmox.serve(WholeSlowLab.table) { fake in
            let primed = Primed(try fake.settings(slow: SlowSettings()))
            await primed.prime()
            let violations = await CollectorConformance(prefixes: ["martlet_proxmox_"], healthy: Scene("any", .healthy)) {
                primed.collector.requests
            }.violations()
            #expect(violations.isEmpty)
        }
    }

    // MARK: with what is asked for on timers

    @Test func `answers of timers beside a cluster that is well, dead or hangs`() async throws {
        try await FakeProxmox.serve { fake in
            let primed = Primed(try fake.settings(slow: SlowSettings()))
            let gate = Gate()
            let hanging = Self.scene(
                fake, "a node hangs", .hanging(part: "lab/pve1", survivors: ["lab"]), leave: { gate.open() }
            ) {
                fake.set(WholeSlowLab.table)
                fake["/nodes/pve1/status"] = .hang(gate)
            }
            let violations = await CollectorConformance(
                prefixes: ["pve_"], exceptions: Self.slowExceptions,
                healthy: Self.scene(fake, "healthy", .healthy) {
                    fake.set(WholeSlowLab.table)
                    await primed.prime()
                },
                broken: [
                    Self.dead(fake, "closed", .drop), Self.dead(fake, "html", .body("<html>maintenance</html>")),
                    Self.dead(fake, "forbidden", .refusal(403, "Permission check failed")), hanging,
                    Self.dead(fake, "refused", .refusal(401, "no \(FakeProxmox.token)")),
                ]
            ) { primed.collector }.violations()
            #expect(violations.isEmpty)
        }
    }
}

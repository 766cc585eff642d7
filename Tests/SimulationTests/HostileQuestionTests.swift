import Testing
import Web

@testable import Simulation

/// Clocks and numbers that nobody would expect.
@Suite struct HostileQuestionTests {
    private func everything(_ answers: ProxmoxAnswers) throws -> [[UInt8]] {
        let world = answers.world
        var all = [
            answers.availability(), answers.managedResources(), answers.backupJobs(), answers.clusterTasks(), answers.ceph(),
            answers.time(),
            answers.pools(), answers.permissions(path: nil),
        ]
        var rightless = answers
        rightless.rights = .none(of: .v92)
        all += [rightless.clusterResources(type: nil), rightless.nodes(), rightless.permissions(path: nil)]
        for view in world.views(at: answers.moment) {
            all += [
                answers.certificates(view), answers.services(view), answers.storages(view, .init()), answers.storagePools(view),
                answers.storagePool("rpool", view), answers.storagePool("tank", view), answers.disks(view, isHealthAsked: true, type: nil),
                answers.nodeTasks(view, TaskFilter()),
            ]
            for timeframe in ProxmoxAnswers.Timeframe.allCases { all.append(answers.statistics(view, timeframe)) }
            for disk in world.disks(of: view.node, at: answers.moment) {
                all.append(try #require(answers.smart(disk.path, view, isHealthOnly: false)))
            }
            for (position, task) in world.tasks(of: view.node, at: answers.moment).enumerated() where position % 40 == 0 {
                all.append(try #require(answers.taskLog(task.upid, view, start: 0, limit: 50)))
                all.append(try #require(answers.taskStatus(task.upid, view)))
            }
        }
        for guest in answers.inventory.guests {
            let view = world.view(of: guest.node, at: answers.moment)
            all.append(answers.snapshots(guest))
            all.append(guest.kind == .qemu ? answers.agent(.fileSystems, guest, view) : answers.interfaces(guest, view))
        }
        return all
    }

    @Test(arguments: [-1e12, 0, 86_399, Double.greatestFiniteMagnitude], [0.0, epoch]) func `no clock breaks it`(
        unixSeconds: Double, epoch: Double
    ) throws {
        let world = World(seed: 7, nodeCount: 4, guestCount: 24, timeline: Timeline(epoch: epoch))
        for answer in try everything(ProxmoxAnswers(world: world, unixSeconds: unixSeconds)) { _ = try Tree(answer) }
    }

    @Test(arguments: [(1, 0), (1, 3), (3, 2), (5, 19)]) func `no estate is too small`(nodes: Int, guests: Int) throws {
        for answer in try everything(answers(try world(nodes: nodes, guests: guests), after: 100_000)) { _ = try Tree(answer) }
    }

    @Test(arguments: ["since", "until", "start", "limit", "vmid"]) func `no number breaks the list of tasks`(name: String) async throws {
        let api = try SimulatedAPI()
        for value in ["0", "\(Int.max)", "\(Int.max - 1)", "4294967296"] {
            #expect(await api.get("/nodes/pve1/tasks", [(name, value)]).status == 200)
        }
        for value in ["-1", "\(Int.max)0", "", "1e3"] { #expect(await api.get("/nodes/pve1/tasks", [(name, value)]).status == 400) }
        let upid = try #require(try await api.data("/nodes/pve1/tasks").elements.first?["upid"]?.string)
        for value in ["0", "\(Int.max)", "\(Int.max - 1)"] where name == "start" || name == "limit" {
            #expect(await api.get("/nodes/pve1/tasks/\(upid)/log", [(name, value)]).status == 200)
        }
    }
}

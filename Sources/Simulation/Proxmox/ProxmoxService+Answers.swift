import Web

/// Which answer belongs to which place, once it is clear that the request may be answered.
extension ProxmoxService {
    /// What the node that was asked knows of the whole cluster.
    func clusterAnswer(_ route: ProxmoxRoute, _ answers: ProxmoxAnswers, _ request: HTTPServerRequest) -> HTTPServerResponse {
        switch route {
        case .version: return ProxmoxResponse.success(answers.version(of: answers.world.askedNode(at: answers.moment)))
        case .clusterStatus: return ProxmoxResponse.success(answers.clusterStatus())
        case .clusterTasks:
            let seesAll = answers.rights.holds(any: .sysAudit, at: "/")
            return ProxmoxResponse.success(seesAll ? answers.clusterTasks() : answers.empty(isObject: false))
        case .notBackedUp: return ProxmoxResponse.success(answers.notBackedUp())
        case .qdevice: return ProxmoxResponse.success(answers.qdevice())
        case .nodes: return ProxmoxResponse.success(answers.nodes())
        case .clusterResources:
            guard let wanted = request.parameter("type") else { return ProxmoxResponse.success(answers.clusterResources(type: nil)) }
            guard let type = ProxmoxAnswers.ResourceType(rawValue: wanted) else {
                return ProxmoxResponse.badParameters([
                    ("type", "value '\(wanted)' does not have a value in the enumeration 'vm, storage, node, sdn'")
                ])
            }
            return ProxmoxResponse.success(answers.clusterResources(type: type))
        default: return ProxmoxResponse.empty(500)
        }
    }

    /// What a node that is on says of itself and its guests.
    func nodeAnswer(_ route: ProxmoxRoute, _ view: NodeView, _ answers: ProxmoxAnswers, _ request: HTTPServerRequest) -> HTTPServerResponse
    {
        switch route {
        case .nodeStatus: return ProxmoxResponse.success(answers.nodeStatus(view))
        case .subscription:
            let isWhole = answers.rights.audit(node: view.node.name)
            return ProxmoxResponse.success(isWhole ? answers.subscription(view) : answers.bareSubscription(view))
        case .nodeTasks:
            do {
                let filter = try TaskFilter(request.query)
                // All tasks are root's, and who does not audit sees only its own.
                guard answers.rights.audit(node: view.node.name) else { return ProxmoxResponse.success(answers.empty(isObject: false)) }
                return ProxmoxResponse.success(answers.nodeTasks(view, filter))
            } catch {
                return ProxmoxResponse.badParameters([(error.name, error.text)])
            }
        case .replication:
            do {
                let vmid = try request.parameter("guest").map { text throws(BadValue) in try Self.vmid(text) }
                return ProxmoxResponse.success(answers.replication(view, vmid: vmid))
            } catch {
                return ProxmoxResponse.badParameters([("guest", error.text)])
            }
        case .replicationStatus(_, let job): return replicationStatus(job, view, answers)
        case .guests(.lxc, _): return ProxmoxResponse.success(answers.lxcList(view))
        case .guests(.qemu, _):
            guard let isFull = Self.boolean(request.parameter("full")) else { return Self.notBoolean("full", request) }
            return ProxmoxResponse.success(answers.qemuList(view, isFull: isFull))
        case .ofNode(let place, _): return answer(place, view, answers, request)
        case .ofGuest(let place, let kind, _, let vmid):
            return guest(vmid, kind, view, answers) { answer(place, $0, view, answers) }
        case .guestStatus(let kind, _, let vmid):
            return guest(vmid, kind, view, answers) {
                ProxmoxResponse.success(kind == .qemu ? answers.qemuStatus($0, view) : answers.lxcStatus($0, view))
            }
        case .guestConfiguration(let kind, _, let vmid):
            guard Self.boolean(request.parameter("current")) != nil else { return Self.notBoolean("current", request) }
            return guest(vmid, kind, view, answers) { guest in
                if let snapshot = request.parameter("snapshot"),
                    !answers.world.snapshots(of: guest, at: answers.moment).contains(where: { $0.name == snapshot })
                {
                    return ProxmoxResponse.failure(500, "snapshot '\(snapshot)' does not exist\n")
                }
                return ProxmoxResponse.success(kind == .qemu ? answers.qemuConfiguration(guest) : answers.lxcConfiguration(guest))
            }
        default: return ProxmoxResponse.empty(500)
        }
    }

    private func replicationStatus(_ job: String, _ view: NodeView, _ answers: ProxmoxAnswers) -> HTTPServerResponse {
        let parts = job.split(separator: "-", omittingEmptySubsequences: false)
        let isName =
            parts.count == 2 && parts.allSatisfy { !$0.isEmpty && $0.utf8.count <= 9 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
        guard isName, parts[0].utf8.count >= 3, !parts[0].hasPrefix("0") else {
            return ProxmoxResponse.badParameters([("id", "value does not match the regex pattern")])
        }
        return answers.replicationStatus(job, view).map(ProxmoxResponse.success)
            ?? ProxmoxResponse.failure(500, "no such replication job '\(job)'\n")
    }

    private func guest(
        _ text: String, _ kind: Guest.Kind, _ view: NodeView, _ answers: ProxmoxAnswers, _ answer: (Guest) -> HTTPServerResponse
    ) -> HTTPServerResponse {
        let vmid: Int
        do throws(BadValue) { vmid = try Self.vmid(text) } catch { return ProxmoxResponse.badParameters([("vmid", error.text)]) }
        guard let guest = answers.inventory.guest(vmid: vmid), guest.kind == kind, guest.node == view.node.index else {
            let folder = kind == .qemu ? "qemu-server" : "lxc"
            return ProxmoxResponse.failure(500, "Configuration file 'nodes/\(view.node.name)/\(folder)/\(vmid).conf' does not exist\n")
        }
        return answer(guest)
    }

    // MARK: parameters

    /// What is wrong with a parameter.
    private struct BadValue: Error {
        let text: String
    }

    private static func vmid(_ text: String) throws(BadValue) -> Int {
        guard let vmid = Int(text) else { throw BadValue(text: "type check ('integer') failed - got '\(text)'") }
        guard (100...999_999_999).contains(vmid) else { throw BadValue(text: "invalid format - value does not look like a valid VM ID\n") }
        return vmid
    }

    /// Absent is false; nil for what is no boolean of the real API.
    private static func boolean(_ value: String?) -> Bool? {
        switch value?.lowercased() {
        case nil, "0", "no", "off", "false": false
        case "1", "yes", "on", "true": true
        default: nil
        }
    }

    private static func notBoolean(_ name: String, _ request: HTTPServerRequest) -> HTTPServerResponse {
        ProxmoxResponse.badParameters([(name, "type check ('boolean') failed - got '\(request.parameter(name) ?? "")'")])
    }
}

import Web

/// Answers of the places that scrapes do not ask each time.
extension ProxmoxService {
    /// What the node that was asked knows of the whole cluster; nil where its release has no such place.
    func answer(_ place: ClusterPlace, _ answers: ProxmoxAnswers, _ request: HTTPServerRequest) -> HTTPServerResponse? {
        var query = QueryReader(request)
        let release = source.inventory.release
        switch place {
        case .permissions: return ProxmoxResponse.empty(500)
        case .availability: return ProxmoxResponse.success(answers.availability())
        case .managedResources: return ProxmoxResponse.success(answers.managedResources())
        case .availabilityGroups:
            guard release != .v84 else { return ProxmoxResponse.success(answers.availabilityGroups()) }
            return ProxmoxResponse.failure(500, "cannot index groups: ha groups have been migrated to rules\n")
        case .availabilityRules: return release == .v84 ? nil : ProxmoxResponse.success(answers.empty(isObject: false))
        case .backupJobs: return ProxmoxResponse.success(answers.backupJobs())
        case .backupJob(let id):
            return answers.backupJob(id).map(ProxmoxResponse.success) ?? ProxmoxResponse.badParameters([("id", "No such job '\(id)'")])
        case .ceph:
            guard source.inventory.hasCeph else { return ProxmoxResponse.failure(500, "binary not installed: /usr/bin/ceph-mon\n") }
            return ProxmoxResponse.success(answers.ceph())
        case .deviceMappings: return ProxmoxResponse.success(answers.deviceMappings(checkedOn: query.text("check-node")))
        case .storages: return ProxmoxResponse.success(answers.storageConfiguration())
        case .pools:
            let type: ProxmoxAnswers.MemberType? = query.choice("type")
            return query.answer {
                guard let name = query.text("poolid") else { return ProxmoxResponse.success(answers.pools()) }
                guard answers.rights.show(pool: name) else {
                    return ProxmoxResponse.success(answers.empty(isObject: false))
                }
                return Self.pool(name, answers.pool(name, isListed: true, type: type))
            }
        case .pool(let name):
            let type: ProxmoxAnswers.MemberType? = query.choice("type")
            return query.answer { Self.pool(name, answers.pool(name, isListed: false, type: type)) }
        }
    }

    private static func pool(_ name: String, _ json: [UInt8]?) -> HTTPServerResponse {
        json.map(ProxmoxResponse.success) ?? ProxmoxResponse.failure(500, "pool '\(name)' does not exist\n")
    }

    /// What a node that is on says of itself.
    func answer(_ place: NodePlace, _ view: NodeView, _ answers: ProxmoxAnswers, _ request: HTTPServerRequest) -> HTTPServerResponse {
        var query = QueryReader(request)
        switch place {
        case .version: return ProxmoxResponse.success(answers.version(of: view.node.index))
        case .time: return ProxmoxResponse.success(answers.time())
        case .certificates: return ProxmoxResponse.success(answers.certificates(view))
        case .services: return ProxmoxResponse.success(answers.services(view))
        case .updates: return ProxmoxResponse.success(answers.updates(view))
        case .packages: return ProxmoxResponse.success(answers.packages(view))
        case .storages:
            var filter = ProxmoxAnswers.StorageFilter()
            filter.isEnabledOnly = query.boolean("enabled")
            filter.name = query.text("storage")
            filter.content = query.text("content")
            return query.answer { ProxmoxResponse.success(answers.storages(view, filter)) }
        case .disks:
            let isHealthAsked = !query.boolean("skipsmart")
            return query.answer { ProxmoxResponse.success(answers.disks(view, isHealthAsked: isHealthAsked, type: query.text("type"))) }
        case .smart:
            let isHealthOnly = query.boolean("healthonly")
            let path = query.devicePath("disk") ?? ""
            return query.answer {
                answers.smart(path, view, isHealthOnly: isHealthOnly).map(ProxmoxResponse.success)
                    ?? ProxmoxResponse.failure(500, "not a valid block device\n")
            }
        case .pools: return ProxmoxResponse.success(answers.storagePools(view))
        case .pool(let name): return ProxmoxResponse.success(answers.storagePool(name, view))
        case .statistics:
            let timeframe: ProxmoxAnswers.Timeframe? = query.choice("timeframe")
            let _: ProxmoxAnswers.Consolidation? = query.choice("cf")
            return query.answer { ProxmoxResponse.success(answers.statistics(view, timeframe ?? .hour)) }
        case .devices:
            let isVerbose = query.boolean("verbose", standard: true)
            return query.answer { ProxmoxResponse.success(answers.devices(isVerbose: isVerbose)) }
        case .taskStatus(let upid): return Self.task(upid, answers.taskStatus(upid, view))
        case .taskLog(let upid):
            let (start, limit) = (query.integer("start", standard: 0), query.integer("limit", standard: 50))
            return query.answer { Self.task(upid, answers.taskLog(upid, view, start: start, limit: limit)) }
        }
    }

    private static func task(_ upid: String, _ json: [UInt8]?) -> HTTPServerResponse {
        if let json { return ProxmoxResponse.success(json) }
        let isName = upid.hasPrefix("UPID:") && upid.utf8.count { $0 == UInt8(ascii: ":") } == 8
        return ProxmoxResponse.badParameters([("upid", isName ? "no such task" : "unable to parse worker upid")])
    }

    /// What a guest of a node that is on says.
    func answer(_ place: GuestPlace, _ guest: Guest, _ view: NodeView, _ answers: ProxmoxAnswers) -> HTTPServerResponse {
        switch place {
        case .snapshots: return ProxmoxResponse.success(answers.snapshots(guest))
        case .interfaces: return ProxmoxResponse.success(answers.interfaces(guest, view))
        case .agent(let command):
            if let failure = answers.agentFailure(guest) { return ProxmoxResponse.failure(500, failure) }
            return ProxmoxResponse.success(answers.agent(command, guest, view))
        }
    }
}

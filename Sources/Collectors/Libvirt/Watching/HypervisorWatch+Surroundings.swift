/// What is asked beside the domains' statistics and needs no QEMU: pools, networks, definitions, snapshots.
extension HypervisorWatch {
    private struct Storage: Sendable {
        let pools: [PoolRecord]
        let networks: [NetworkRecord]
    }

    func storage() async {
        let end = await ask(.storage, CallStep(call: "virConnectListAllStoragePools")) {
            connection, errand -> Result<Storage, SourceError> in
            let pools: [PoolRecord]
            switch connection.pools() {
            case .success(let found): pools = found
            case .failure(let error) where error.kind == .unsupported: pools = []
            case .failure(let error): return .failure(error)
            }
            errand.step("virConnectListAllNetworks")
            switch connection.networks() {
            case .success(let networks): return .success(Storage(pools: pools, networks: networks))
            case .failure(let error) where error.kind == .unsupported: return .success(Storage(pools: pools, networks: []))
            case .failure(let error): return .failure(error)
            }
        }
        switch end {
        case .answered(let found):
            book.change { state in (state.pools, state.networks, state.storedAt) = (found.pools, found.networks, .now) }
        case .failed(let error): lack(.storage, "pools and networks: \(error.message)")
        case .hung(let step, _): lack(.storage, "pools and networks: \(step.call) does not return")
        case .noRoom: lack(.storage, "pools and networks: a call of libvirt hangs since an earlier round")
        case .cancelled: break
        }
    }

    func definitions() async {
        let wanted = book.change { state in
            state.domains.undefined(now: .now, intervalSeconds: settings.definitionSeconds, retrySeconds: settings.intervalSeconds)
                .map { ($0, state.domains.id(of: $0)) }
        }
        if !wanted.isEmpty { await define(wanted) }
        let unread = book.change { $0.domains.unread }
        if unread > 0 { lack(.definitions, "\(unread) definitions or lists of snapshots could not be read") }
    }

    private func define(_ wanted: [(uuid: String, id: Int?)]) async {
        let end = await ask(.definitions, CallStep(call: "virDomainGetXMLDesc")) { connection, errand -> Result<Void, SourceError> in
            for (uuid, id) in wanted {
                guard errand.step("virDomainGetXMLDesc", [uuid]) else { break }
                let definition = connection.definition(uuid)
                guard errand.step("virDomainListAllSnapshots", [uuid]) else { break }
                let snapshots = connection.snapshots(uuid)
                let errors = [definition.error, snapshots.error].compactMap { $0 }
                if let lost = errors.first(where: { $0.kind == .lost }) { return .failure(lost) }
                // What this hypervisor has not is not to be had.
                let isWhole = errors.allSatisfy { $0.kind == .unsupported || $0.kind == .gone }
                book.change { state in
                    state.domains.take(try? definition.get(), try? snapshots.get(), of: uuid, id: id, isWhole: isWhole, now: .now)
                }
            }
            return .success(())
        }
        switch end {
        case .answered, .cancelled: break
        case .failed(let error): lack(.definitions, "definitions: \(error.message)")
        case .hung(let step, _):
            lack(.definitions, "definitions: \(step.call) does not return")
            // The others are read before it is tried again.
            for (uuid, id) in wanted where step.domains.contains(uuid) {
                book.change { $0.domains.take(nil, nil, of: uuid, id: id, isWhole: false, now: .now) }
            }
        case .noRoom: lack(.definitions, "definitions: a call of libvirt hangs since an earlier round")
        }
    }
}

extension Result {
    fileprivate var error: Failure? {
        if case .failure(let error) = self { return error }
        return nil
    }
}

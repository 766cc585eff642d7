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
        case .failed(let error): lack("pools and networks: \(error.message)")
        case .hung(let step, _): if !Task.isCancelled { lack("pools and networks: \(step.call) does not return") }
        case .noRoom: lack("pools and networks: a call of libvirt hangs since an earlier round")
        }
    }

    func definitions() async {
        let wanted = book.change { state in
            state.domains.undefined(now: .now, intervalSeconds: settings.definitionSeconds).map { ($0, state.domains.id(of: $0)) }
        }
        guard !wanted.isEmpty else { return }
        let end = await ask(.definitions, CallStep(call: "virDomainGetXMLDesc")) { connection, errand -> Result<Int, SourceError> in
            var failed = 0
            for (uuid, id) in wanted {
                errand.step("virDomainGetXMLDesc", [uuid])
                let definition = connection.definition(uuid)
                errand.step("virDomainListAllSnapshots", [uuid])
                let snapshots = connection.snapshots(uuid)
                for case .failure(let error) in [definition.map { _ in 0 }, snapshots.map { _ in 0 }] {
                    if error.kind == .lost { return .failure(error) }
                    if error.kind == .failed || error.kind == .denied { failed += 1 }
                }
                book.change { $0.domains.take(try? definition.get(), try? snapshots.get(), of: uuid, id: id, now: .now) }
            }
            return .success(failed)
        }
        switch end {
        case .answered(0): break
        case .answered(let failed): lack("\(failed) definitions or lists of snapshots could not be read")
        case .failed(let error): lack("definitions: \(error.message)")
        case .hung(let step, _): if !Task.isCancelled { lack("definitions: \(step.call) does not return") }
        case .noRoom: lack("definitions: a call of libvirt hangs since an earlier round")
        }
    }
}

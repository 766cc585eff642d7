package import RPC

extension Provider {
    /// The provider as a service, for a server or a transport within the process.
    package func rpcService() -> RPCService {
        RPCService(
            name: ProviderMethod.serviceName,
            methods: [
                ProviderMethod.validate.rawValue: unary { (request, call) throws(RPCError) in try await validate(request, call) },
                ProviderMethod.create.rawValue: unary { (request, call) throws(RPCError) in try await create(request, call) },
                ProviderMethod.delete.rawValue: unary { (request, call) throws(RPCError) in try await delete(request, call) },
                ProviderMethod.power.rawValue: unary { (request, call) throws(RPCError) in try await power(request, call) },
                ProviderMethod.reconfigure.rawValue: unary { (request, call) throws(RPCError) in try await reconfigure(request, call) },
                ProviderMethod.hardwareUpgrade.rawValue: unary { (request, call) throws(RPCError) in
                    try await hardwareUpgrade(request, call)
                },
                ProviderMethod.describe.rawValue: unary { (request, call) throws(RPCError) in try await describe(request, call) },
                ProviderMethod.taskStatus.rawValue: unary { (request, call) throws(RPCError) in try await taskStatus(request, call) },
                ProviderMethod.snapshotCreate.rawValue: unary { (request, call) throws(RPCError) in try await snapshotCreate(request, call)
                },
                ProviderMethod.snapshotDelete.rawValue: unary { (request, call) throws(RPCError) in try await snapshotDelete(request, call)
                },
                ProviderMethod.snapshotRevert.rawValue: unary { (request, call) throws(RPCError) in try await snapshotRevert(request, call)
                },
                ProviderMethod.clone.rawValue: unary { (request, call) throws(RPCError) in try await clone(request, call) },
                ProviderMethod.imagePrepare.rawValue: unary { (request, call) throws(RPCError) in try await imagePrepare(request, call) },
                ProviderMethod.getCapabilities.rawValue: unary { (request, call) throws(RPCError) in
                    try await getCapabilities(request, call)
                },
                ProviderMethod.exportDisk.rawValue: unary { (request, call) throws(RPCError) in try await exportDisk(request, call) },
                ProviderMethod.importDisk.rawValue: unary { (request, call) throws(RPCError) in try await importDisk(request, call) },
                ProviderMethod.getDiskInfo.rawValue: unary { (request, call) throws(RPCError) in try await getDiskInfo(request, call) },
                ProviderMethod.listVMs.rawValue: unary { (request, call) throws(RPCError) in try await listVMs(request, call) },
            ])
    }
}

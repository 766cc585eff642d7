package import Primitives
package import Reconciling

/// The controllers of all kinds.
package enum AllControllers {
    package static func make(_ context: ControllerContext, workers: Int = 64, logger: Logger = .silent) -> [Controller] {
        [
            ProviderController(context).controller(logger: logger), ImageController(context).controller(logger: logger),
            VirtualMachineController(context, workers: workers).controller(logger: logger),
            VMSetController(context).controller(logger: logger), VMCloneController(context).controller(logger: logger),
            VMSnapshotController(context).controller(logger: logger),
        ]
    }
}

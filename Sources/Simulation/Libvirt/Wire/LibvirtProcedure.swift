/// What is answered of the program REMOTE, by its number in remote_protocol.x. What only changes something is in `isChange`.
enum LibvirtProcedure: Int32, Sendable, CaseIterable {
    case connectOpen = 1
    case connectClose = 2
    case connectGetType = 3
    case connectGetVersion = 4
    case connectGetMaxVcpus = 5
    case nodeGetInfo = 6
    case connectGetCapabilities = 7
    case domainGetXMLDesc = 14
    case domainGetAutostart = 15
    case domainGetInfo = 16
    case domainGetMaxMemory = 17
    case domainGetMaxVcpus = 18
    case domainGetOSType = 19
    case domainGetVcpus = 20
    case connectListDefinedDomains = 21
    case domainLookupByID = 22
    case domainLookupByName = 23
    case domainLookupByUUID = 24
    case connectNumOfDefinedDomains = 25
    case connectListDefinedNetworks = 36
    case connectListDomains = 37
    case connectListNetworks = 38
    case networkGetXMLDesc = 43
    case networkGetAutostart = 44
    case networkGetBridgeName = 45
    case networkLookupByName = 46
    case networkLookupByUUID = 47
    case connectNumOfDefinedNetworks = 50
    case connectNumOfDomains = 51
    case connectNumOfNetworks = 52
    case connectGetHostname = 59
    case connectSupportsFeature = 60
    case domainBlockStats = 64
    case domainInterfaceStats = 65
    case authList = 66
    case connectNumOfStoragePools = 71
    case connectListStoragePools = 72
    case connectNumOfDefinedStoragePools = 73
    case connectListDefinedStoragePools = 74
    case storagePoolLookupByName = 84
    case storagePoolLookupByUUID = 85
    case storagePoolGetInfo = 87
    case storagePoolGetXMLDesc = 88
    case storagePoolGetAutostart = 89
    case storagePoolNumOfVolumes = 91
    case storagePoolListVolumes = 92
    case storageVolLookupByName = 95
    case storageVolGetInfo = 98
    case storageVolGetPath = 100
    case nodeGetCellsFreeMemory = 101
    case nodeGetFreeMemory = 102
    case connectGetURI = 110
    case domainGetSecurityLabel = 121
    case nodeGetSecurityModel = 122
    case connectIsSecure = 149
    case domainIsActive = 150
    case domainIsPersistent = 151
    case networkIsActive = 152
    case networkIsPersistent = 153
    case storagePoolIsActive = 154
    case storagePoolIsPersistent = 155
    case connectGetLibVersion = 157
    case domainMemoryStats = 159
    case domainGetJobInfo = 163
    case domainHasManagedSaveImage = 183
    case domainSnapshotGetXMLDesc = 186
    case domainSnapshotNum = 187
    case domainSnapshotListNames = 188
    case domainSnapshotLookupByName = 189
    case domainHasCurrentSnapshot = 190
    case domainSnapshotCurrent = 191
    case domainGetBlockInfo = 194
    case domainGetVcpusFlags = 200
    case domainIsUpdated = 202
    case domainGetState = 212
    case nodeGetCPUStats = 227
    case nodeGetMemoryStats = 228
    case domainGetControlInfo = 229
    case domainGetBlockJobInfo = 238
    case domainBlockStatsFlags = 243
    case domainSnapshotGetParent = 244
    case domainSnapshotNumChildren = 246
    case domainGetDiskErrors = 263
    case domainGetMetadata = 265
    case domainSnapshotIsCurrent = 271
    case domainSnapshotHasMetadata = 272
    case connectListAllDomains = 273
    case domainListAllSnapshots = 274
    case domainSnapshotListAllChildren = 275
    case connectListAllStoragePools = 281
    case storagePoolListAllVolumes = 282
    case connectListAllNetworks = 283
    case connectListAllInterfaces = 284
    case connectListAllNodeDevices = 285
    case connectListAllNWFilters = 286
    case connectListAllSecrets = 287
    case nodeGetCPUMap = 293
    case domainGetJobStats = 298
    case connectNetworkEventRegisterAny = 313
    case connectNetworkEventDeregisterAny = 314
    case connectDomainEventCallbackRegisterAny = 316
    case connectDomainEventCallbackDeregisterAny = 317
    case networkGetDHCPLeases = 341
    case connectGetAllDomainStats = 344
    case domainInterfaceAddresses = 353
    case connectRegisterCloseCallback = 360
    case connectUnregisterCloseCallback = 361
    case connectStoragePoolEventRegisterAny = 368
    case connectStoragePoolEventDeregisterAny = 369
    case connectNodeDeviceEventRegisterAny = 374
    case connectNodeDeviceEventDeregisterAny = 375
    case storageVolGetInfoFlags = 378
    case connectSecretEventRegisterAny = 380
    case connectSecretEventDeregisterAny = 381
    case connectListAllNWFilterBindings = 401
    case domainListAllCheckpoints = 413
    case domainGetGuestInfo = 418
    case domainGetMessages = 426

    /// The last number that libvirt 9.0 knows.
    static let last: Int32 = 443

    /// What somebody who holds a domain's lock is called, as libvirtd names its own functions.
    var holderName: String {
        let name = "\(self)"
        return "remoteDispatch" + name.prefix(1).uppercased() + name.dropFirst()
    }

    /// Whether one of the workers that libvirtd keeps free may answer it: it never asks a guest's QEMU anything.
    var isHighPriority: Bool {
        switch self {
        case .connectGetCapabilities, .domainGetXMLDesc, .domainGetInfo, .domainBlockStats, .domainMemoryStats, .domainGetJobInfo,
            .domainHasManagedSaveImage, .domainHasCurrentSnapshot, .domainSnapshotCurrent, .domainGetBlockInfo, .domainGetVcpusFlags,
            .domainGetBlockJobInfo, .domainBlockStatsFlags, .domainGetDiskErrors, .domainGetMetadata, .domainSnapshotIsCurrent,
            .domainSnapshotHasMetadata, .nodeGetCPUMap, .domainGetJobStats, .networkGetDHCPLeases, .connectGetAllDomainStats,
            .domainInterfaceAddresses, .domainGetGuestInfo, .domainGetMessages:
            false
        default: true
        }
    }

    /// Whether it asks a domain's QEMU, for which it needs the domain's lock; `connectGetAllDomainStats` may, too.
    var needsDomainLock: Bool {
        switch self {
        case .domainBlockStats, .domainBlockStatsFlags, .domainMemoryStats, .domainGetBlockInfo, .domainGetBlockJobInfo,
            .domainGetDiskErrors, .domainGetJobInfo, .domainGetJobStats:
            true
        default: false
        }
    }

    /// Whether a number is a procedure that would change something, by what it takes to be allowed (the @acl of remote_protocol.x).
    static func isChange(_ number: Int32) -> Bool { changes.contains { $0.contains(number) } }

    /// Whether a number is an event, which only a server sends.
    static func isEvent(_ number: Int32) -> Bool { events.contains { $0.contains(number) } }

    private static let changes: [ClosedRange<Int32>] = [
        8...13, 26...35, 39...42, 48...49, 53...55, 61...63, 76...83, 90...90, 93...94, 103...104, 108...109, 118...120, 123...125,
        131...136,
        142...142, 144...144, 146...146, 148...148, 160...161, 164...166, 174...174, 180...182, 184...185, 192...193, 196...197, 199...199,
        201...201, 204...205, 207...211, 213...222, 225...226, 231...234, 236...237, 239...240, 245...245, 249...252, 254...254, 256...256,
        258...261, 264...264, 266...267, 279...279, 288...288, 290...291, 294...296, 300...310, 334...336, 338...338, 343...343, 345...345,
        347...347, 350...350, 352...352, 355...358, 364...364, 366...366, 372...372, 384...384, 386...386, 389...390, 392...394, 399...400,
        402...402, 406...406, 408...408, 410...411, 417...417, 419...421, 424...425, 427...432, 434...434, 437...437, 439...443,
    ]

    private static let events: [ClosedRange<Int32>] = [
        107...107, 169...173, 195...195, 224...224, 241...241, 248...248, 268...270, 276...276, 292...292, 311...311, 315...315, 318...333,
        339...339, 346...346, 348...348, 354...354, 359...359, 362...363, 367...367, 370...370, 373...373, 376...377, 379...379, 382...383,
        385...385, 423...423, 438...438,
    ]
}

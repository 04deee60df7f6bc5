import Foundation

@testable import TimeSeriesStore

/// The folder of a store's log on a faulty device.
struct FaultyLogFolder: LogFolder {
    let device: FaultyDevice
    private let real: DiskFolder

    init(_ device: FaultyDevice) throws(StoreError) {
        self.device = device
        real = try DiskFolder(making: device.folder + "/log")
    }

    func list() throws(StoreError) -> [String] {
        try device.refuse(.read, real.path)
        return try real.list()
    }

    func create(_ name: String) throws(StoreError) -> any LogFile {
        let path = real.path + "/" + name
        try device.refuse(.create, path)
        let file = try real.create(name)
        device.opened(path, isNew: true)
        try device.refuse(.sync, path)
        device.syncedFolder(real.path)
        return File(device: device, path: path, real: file)
    }

    func read(_ name: String) throws(StoreError) -> [UInt8] {
        let path = real.path + "/" + name
        try device.refuse(.read, path)
        device.opened(path, isNew: false)
        return try real.read(name)
    }

    func remove(_ name: String) throws(StoreError) {
        let path = real.path + "/" + name
        try device.refuse(.remove, path)
        device.opened(path, isNew: false)
        try real.remove(name)
    }

    private final class File: LogFile {
        let device: FaultyDevice
        let path: String
        let real: any LogFile

        init(device: FaultyDevice, path: String, real: any LogFile) {
            (self.device, self.path, self.real) = (device, path, real)
        }

        func append(_ bytes: [UInt8]) throws(StoreError) {
            let offset = DiskFolder.size(path)
            do throws(StoreError) {
                try device.refuse(.write, path)
            } catch {
                // Whatever stopped it, a part may be there.
                let part = Array(bytes.prefix(bytes.count / 2))
                if !device.isDead {
                    try real.append(part)
                    device.wrote(Data(part), to: path, at: offset)
                }
                throw error
            }
            try real.append(bytes)
            device.wrote(Data(bytes), to: path, at: offset)
        }

        func sync() throws(StoreError) {
            do throws(StoreError) {
                try device.refuse(.sync, path)
            } catch {
                device.failedToSync(path)
                throw error
            }
            device.synced(path)
        }

        func truncate(to length: Int) throws(StoreError) {
            try device.refuse(.truncate, path)
            try real.truncate(to: length)
            device.truncated(path, to: length)
        }
    }
}

extension DiskFolder {
    fileprivate static func size(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.size] as? Int) ?? 0
    }
}

extension FaultyDevice {
    /// Throws where an operation is to fail.
    fileprivate func refuse(_ operation: Operation, _ path: String) throws(StoreError) {
        switch begin(operation) {
        case nil: return
        case .noSpace: throw .noSpace(path: path)
        case let fault?: throw .fileFailed(path: path, operation: "\(operation)", reason: "\(fault)")
        }
    }
}

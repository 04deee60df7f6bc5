import Commands

await EvenkeelCommand.run()

/** The connection to the server: started when first needed, started again after a crash, restarted on request. */

import { homedir } from "node:os";
import * as vscode from "vscode";
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  type ErrorHandler,
  type LanguageClientOptions,
} from "vscode-languageclient/node";
import { config, SECTION } from "./config";
import { logOf } from "./logs";
import * as protocol from "./protocol";
import { argumentsOf } from "./rules";
import { findServer, NoServer, type Home } from "./server";
import { setUp } from "./setup";

/** Output channels are `log` documents too, so the schemes of real documents are named. */
const SCHEMES = ["file", "untitled", "vscode-vfs"];
const SELECTOR = [
  ...SCHEMES.flatMap((scheme) => ["log", "plaintext"].map((language) => ({ scheme, language }))),
  { scheme: protocol.SCHEME },
];

const SHOW_OUTPUT = vscode.l10n.t("Show Output");

/** Whether the server has to run for a document. */
export function isWanted(document: vscode.TextDocument): boolean {
  if (!SCHEMES.includes(document.uri.scheme)) return false;
  return document.languageId === "log" || (document.languageId === "plaintext" && config.plaintext() !== "never");
}

/** The first lines of what VS Code can fold in a document. */
export interface Folds {
  document: vscode.TextDocument;
  starts: ReadonlySet<number>;
}

export class Connection implements vscode.Disposable {
  readonly output = vscode.window.createOutputChannel("LogSieve", { log: true });
  private readonly statusEmitter = new vscode.EventEmitter<protocol.StatusParams>();
  private readonly chunkEmitter = new vscode.EventEmitter<protocol.ExplainChunkParams>();
  private readonly noteEmitter = new vscode.EventEmitter<protocol.ExplainNoteParams>();
  private readonly foldsEmitter = new vscode.EventEmitter<Folds>();
  private readonly startedEmitter = new vscode.EventEmitter<void>();
  private readonly stoppedEmitter = new vscode.EventEmitter<void>();
  readonly onStatus = this.statusEmitter.event;
  readonly onChunk = this.chunkEmitter.event;
  readonly onNote = this.noteEmitter.event;
  /** Fires after the folds of a document went to VS Code. */
  readonly onFolds = this.foldsEmitter.event;
  /** Fires after every start, the first one and those after a crash too. */
  readonly onStarted = this.startedEmitter.event;
  readonly onStopped = this.stoppedEmitter.event;
  private starting: Promise<LanguageClient> | undefined;
  private toldOfCrash = false;
  private toldOfNoServer = false;

  constructor(readonly home: Home) {}

  /** The running client. Throws NoServer where there is none to start. */
  get(): Promise<LanguageClient> {
    this.starting ??= this.start().catch((error: unknown) => {
      this.starting = undefined; // the next one to ask tries again
      throw error;
    });
    return this.starting;
  }

  /** Starts the server for a document; where there is none the user is told, once, and may have it installed. */
  async open(): Promise<void> {
    try {
      await this.get();
    } catch (error) {
      if (this.toldOfNoServer) return;
      this.toldOfNoServer = true;
      await this.failed(error);
    }
  }

  /** Tells the user why there is no server, and starts the one that is installed then. */
  async failed(error: unknown): Promise<void> {
    if (!(error instanceof NoServer)) await this.tell(vscode.l10n.t("LogSieve's server did not start: {0}", String(error)), vscode.window.showErrorMessage);
    else if (await setUp(error, this.home, this.output)) await this.restart();
  }

  async restart(): Promise<void> {
    await this.stop();
    this.toldOfCrash = this.toldOfNoServer = false;
    await this.open();
  }

  /** Has VS Code read the text of a view again. */
  async readAnew(view: vscode.Uri): Promise<void> {
    const client = await this.get();
    const providers = client.getFeature("workspace/textDocumentContent")?.getProviders() ?? [];
    for (const provider of providers) provider.onDidChangeEmitter.fire(view);
  }

  private async start(): Promise<LanguageClient> {
    const server = await findServer(this.home, this.output);
    const executable = { command: server.program, args: [...server.args, "lsp"], options: { cwd: homedir() } };
    const errorHandler = this.errorHandler(() => policy);
    const client = new LanguageClient(SECTION, "LogSieve", executable, { ...this.options(), errorHandler });
    const policy = client.createDefaultErrorHandler();
    client.onDidChangeState(({ newState }) => {
      if (newState === State.Stopped) this.stoppedEmitter.fire();
      // At this point the library has still to register what the server can do.
      if (newState === State.Running) void client.start().then(() => this.startedEmitter.fire());
    });
    client.onNotification(protocol.status, (params) => this.statusEmitter.fire(params));
    client.onNotification(protocol.explainChunk, (params) => this.chunkEmitter.fire(params));
    client.onNotification(protocol.explainNote, (params) => this.noteEmitter.fire(params));
    await client.start();
    return client;
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: SELECTOR,
      outputChannel: this.output,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationOptions: (): protocol.InitializationOptions => ({
        settings: config.all(),
        commands: protocol.OFFERED,
        trusted: vscode.workspace.isTrusted,
        buttons: true,
      }),
      middleware: {
        executeCommand: (command, given, next) => next(command, argumentsOf(command, given)) as unknown,
        // Of a long document the server gives ranges only. VS Code takes "none" for the whole answer then, and asks for no ranges.
        provideDocumentSemanticTokens: async (document, token, next) => {
          const tokens = await next(document, token);
          if (!tokens) throw new Error("busy"); // the word by which VS Code knows that there may be some another time
          return tokens;
        },
        provideDocumentRangeSemanticTokens: async (document, range, token, next) => {
          const told = this.toldOf(document.uri, token);
          return (await next(document, range, token)) ?? (await told.then(() => next(document, range, token)));
        },
        provideFoldingRanges: async (document, context, token, next) => {
          const ranges = await next(document, context, token);
          // After this function has returned: whoever listens then asks a VS Code that has the ranges.
          const starts = new Set(ranges?.map(({ start }) => start));
          setTimeout(() => this.foldsEmitter.fire({ document, starts }));
          return ranges;
        },
      },
    };
  }

  /** The library's own policy (a fifth crash within three minutes ends it), but the user hears of restarts once. */
  private errorHandler(policy: () => ErrorHandler): ErrorHandler {
    return {
      // A server that is gone cannot be written to; that it has closed is told as well, and acted on below. The library would
      // stop the client, which by the time it hears of the last writes may be the one with the server started since.
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: async () => {
        const result = await policy().closed();
        if (result.action === CloseAction.Restart && !this.toldOfCrash) {
          this.toldOfCrash = true;
          void this.tell(vscode.l10n.t("LogSieve's server stopped and is started again."), vscode.window.showWarningMessage);
        }
        return result;
      },
    };
  }

  /** Resolves when the server has told how a log stands that a document shows, or when nobody waits for it any more. */
  private async toldOf(document: vscode.Uri, token: vscode.CancellationToken): Promise<void> {
    const log = logOf(document).toString();
    const waiting: vscode.Disposable[] = [];
    await new Promise<void>((resolve) => {
      waiting.push(
        this.onStatus(({ uri, busy }) => {
          if (!busy && vscode.Uri.parse(uri).toString() === log) resolve();
        }),
        token.onCancellationRequested(() => resolve()),
      );
    });
    vscode.Disposable.from(...waiting).dispose();
  }

  private async tell(message: string, show: (message: string, item: string) => Thenable<string | undefined>): Promise<void> {
    if ((await show(message, SHOW_OUTPUT)) === SHOW_OUTPUT) this.output.show();
  }

  private async stop(): Promise<void> {
    const starting = this.starting;
    this.starting = undefined;
    await starting?.then((client) => client.dispose(), () => undefined);
  }

  dispose(): void {
    void this.stop();
    for (const disposable of [this.statusEmitter, this.chunkEmitter, this.noteEmitter, this.foldsEmitter, this.startedEmitter, this.stoppedEmitter, this.output]) {
      disposable.dispose();
    }
  }
}

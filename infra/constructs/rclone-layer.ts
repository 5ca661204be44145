import { Architecture, Code, type ILayerVersion, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/** Where the rclone layer comes from: a layer that exists, or a zip file for an architecture. */
export type RcloneSource =
  { layerArn: string } | { zip: (architecture: 'arm64' | 'x86_64') => string };

/** The layer that carries rclone to the functions that move files. */
export class RcloneLayer extends Construct {
  readonly layer: ILayerVersion;

  constructor(
    scope: Construct,
    id: string,
    props: { architecture: Architecture; source: RcloneSource },
  ) {
    super(scope, id);
    const { architecture, source } = props;
    this.layer =
      'layerArn' in source
        ? LayerVersion.fromLayerVersionArn(this, 'Layer', source.layerArn)
        : new LayerVersion(this, 'Layer', {
            code: Code.fromAsset(
              source.zip(architecture === Architecture.ARM_64 ? 'arm64' : 'x86_64'),
            ),
            compatibleArchitectures: [architecture],
            license: 'MIT',
            description: 'rclone, as its project releases it',
          });
  }
}

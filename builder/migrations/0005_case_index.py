import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('builder', '0004_identifier_attestations'),
    ]

    operations = [
        migrations.CreateModel(
            name='CaseIndex',
            fields=[
                ('case', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='index', serialize=False, to='builder.case')),
                ('tokens', models.TextField(blank=True)),
                ('sketches', models.BinaryField(default=b'')),
            ],
        ),
    ]
